import { rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "./run.ts";

/** The part of an image's configuration (Docker's format) that decides how a container of it runs. */
export interface ImageConfig {
  readonly User: string;
  readonly WorkingDir: string;
  readonly Env: string[];
  readonly Entrypoint: string[];
  readonly Cmd: string[] | null;
  readonly ExposedPorts: Record<string, unknown>;
  readonly Volumes: Record<string, unknown>;
  readonly Healthcheck: { readonly Test: string[] };
}

interface Inspected {
  readonly Docker: { readonly config: ImageConfig };
}

/** buildah with a storage of its own in `directory`, so that no image of the machine is used or changed. */
export class Buildah {
  readonly #command: string[];

  constructor(directory: string) {
    const storage = ["--root", join(directory, "storage"), "--runroot", join(directory, "run")];
    this.#command = ["buildah", ...storage, "--storage-driver", "vfs"];
  }

  async #buildah(...args: string[]): Promise<string> {
    return (await run([...this.#command, ...args])).trim();
  }

  /** Turns the folder `rootfs` into an image; `config` are arguments of `buildah config`. */
  async importRootfs(rootfs: string, name: string, config: string[]): Promise<void> {
    const container = await this.#buildah("from", "scratch");
    await this.#buildah("copy", "--quiet", container, rootfs, "/");
    await this.#buildah("config", ...config, container);
    await this.#buildah("commit", "--quiet", "--format", "docker", container, name);
    await this.#buildah("rm", container);
    rmSync(rootfs, { recursive: true });
  }

  /** Builds the Dockerfile of the folder `context` with the base images that are in the storage, and no others. */
  async build(context: string, name: string, volume: string): Promise<void> {
    const how = ["--isolation", "chroot", "--pull-never", "--format", "docker", "--volume", volume];
    await this.#buildah("build", ...how, "--tag", name, context);
  }

  async config(image: string): Promise<ImageConfig> {
    const inspected: Inspected = JSON.parse(await this.#buildah("inspect", "--type", "image", image));
    return inspected.Docker.config;
  }

  /** The folder in which the image's files can be seen. */
  async mount(image: string): Promise<string> {
    return this.#buildah("mount", await this.#buildah("from", "--pull-never", image));
  }
}
