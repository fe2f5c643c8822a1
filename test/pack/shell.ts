import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** A program that goes on running. */
export interface Background {
  /** Ends it, and what it has started. */
  stop(): void;
}

/**
 * A terminal for the commands of a page: each block starts in the folder in which the one before it has ended. Node is the
 * one that runs this; of the workspace nothing else is on the PATH.
 */
export class Shell {
  folder: string;
  readonly #env: NodeJS.ProcessEnv;

  /** `env` is added to the environment. */
  constructor(folder: string, env: NodeJS.ProcessEnv = {}) {
    this.folder = folder;
    this.#env = { ...outsideEnv(), ...env };
  }

  /** Runs commands and gives what they print. Throws, with all of it, if one of them fails. */
  async run(commands: string): Promise<string> {
    const memo = join(root, `.cache/pwd-${process.pid}`);
    const child = spawn("sh", ["-e", "-c", `${commands}\npwd > '${memo}'`], {
      cwd: this.folder,
      env: this.#env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let errors = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
    const status = await new Promise<number | null>((resolve, reject) => {
      child.on("error", reject).on("close", resolve);
    });
    if (status !== 0) throw new Error(`exit code ${status}\n${indent(`${commands}\n${output}${errors}`)}`);
    this.folder = readFileSync(memo, "utf8").trim();
    rmSync(memo);
    return output;
  }

  /** Starts commands that do not end, and waits until they have printed `line`. Throws if they end before. */
  async start(commands: string, line: string): Promise<Background> {
    const child = spawn("sh", ["-e", "-c", commands], {
      cwd: this.folder,
      env: this.#env,
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own, so that what the shell has started can be ended with it.
      detached: true,
    });
    let output = "";
    await new Promise<void>((resolve, reject) => {
      const hear = (text: string): void => {
        output += text;
        if (output.split("\n").includes(line)) resolve();
      };
      child.stdout.setEncoding("utf8").on("data", hear);
      child.stderr.setEncoding("utf8").on("data", hear);
      child.on("error", reject);
      child.on("close", () =>
        reject(new Error(`it ended without printing "${line}"\n${indent(`${commands}\n${output}`)}`)),
      );
    });
    return {
      stop() {
        if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid);
      },
    };
  }
}

/** The environment of somebody who is not in this workspace, with the Node that runs this. */
function outsideEnv(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (!/^(npm_(package|lifecycle)|INIT_CWD$|PNPM_|NODE_PATH$)/.test(name)) env[name] = value;
  }
  const path = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => !folder.startsWith(root));
  env["PATH"] = [dirname(process.execPath), ...path].join(delimiter);
  return env;
}

function indent(text: string): string {
  return text.replace(/^/gm, "    ");
}
