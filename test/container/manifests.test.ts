import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DCLinter } from "dclint";
import { type IStatefulSet, StatefulSet } from "kubernetes-models/apps/v1";
import { type INetworkPolicy, NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";
import { type IService, Service } from "kubernetes-models/v1";
import { baseImageNames } from "./base-images.ts";
import { finish } from "./run.ts";

const ROOT = resolve(import.meta.dir, "../..");
const PROBE = ["/usr/local/bin/go-redis", "--healthcheck"];

const read = (name: string): string => readFileSync(join(ROOT, name), "utf8");

const scratch = mkdtempSync(join(tmpdir(), "go-redis-manifests-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

type Manifest = (IService | INetworkPolicy | IStatefulSet) & { kind: string };
const manifests = Bun.YAML.parse(read("deployment.yaml")) as Manifest[];
const statefulSet = manifests.find((manifest) => manifest.kind === "StatefulSet") as IStatefulSet;
const pod = statefulSet.spec!.template.spec!;
const container = pod.containers[0]!;
const packageJson: { version: string; devDependencies: Record<string, string> } = JSON.parse(read("package.json"));

/** The schema rejects a wrong value; the published types, in which all fields are known, reject a misspelt name. */
function schemaErrors(manifest: Manifest): string | null {
  const models = { NetworkPolicy, Service, StatefulSet };
  const Model = models[manifest.kind as keyof typeof models];
  try {
    new Model(manifest as never).validate();
    return null;
  } catch (error) {
    return String(error);
  }
}

async function typeErrors(manifest: Manifest): Promise<string> {
  const source = [
    `import type { I${manifest.kind} as Kind } from "kubernetes-models/${manifest.apiVersion}";`,
    `export const manifest: Kind = ${JSON.stringify(manifest, null, 1)};`,
  ].join("\n");
  const file = join(scratch, `${manifest.metadata!.name}-${manifest.kind}.ts`);
  writeFileSync(file, source);
  const flags = ["--ignoreConfig", "--noEmit", "--strict", "--skipLibCheck", "--types", ""];
  const modules = ["--module", "preserve", "--moduleResolution", "bundler", "--target", "esnext"];
  const checked = await finish([join(ROOT, "node_modules/.bin/tsc"), ...flags, ...modules, file]);
  return checked.stdout;
}

describe("deployment.yaml", () => {
  test("describes two services, a network policy and a stateful set", () => {
    const kinds = manifests.map((manifest) => manifest.kind);
    expect(kinds).toEqual(["Service", "Service", "NetworkPolicy", "StatefulSet"]);
  });

  test("agrees with the published schemas of Kubernetes", () => {
    expect(manifests.map(schemaErrors)).toEqual([null, null, null, null]);
  });

  test("names no field that Kubernetes does not know", async () => {
    symlinkSync(join(ROOT, "node_modules"), join(scratch, "node_modules"));
    expect(await Promise.all(manifests.map(typeErrors))).toEqual(["", "", "", ""]);
    const misspelt = { ...container, readinesProbe: {} };
    const template = { ...statefulSet.spec!.template, spec: { containers: [misspelt] } };
    const wrong = { ...statefulSet, kind: "StatefulSet" as const, spec: { ...statefulSet.spec!, template } };
    expect(await typeErrors(wrong)).toContain("readinesProbe");
  });

  test("selects the pods that the stateful set makes", () => {
    const labels = statefulSet.spec!.template.metadata!.labels;
    expect(statefulSet.spec!.selector.matchLabels).toEqual(labels!);
    for (const service of manifests.slice(0, 2) as IService[]) expect(service.spec!.selector).toEqual(labels!);
    expect((manifests[2] as INetworkPolicy).spec!.podSelector!.matchLabels).toEqual(labels!);
    expect(manifests.slice(0, 2).map((service) => service.metadata!.name)).toContain(statefulSet.spec!.serviceName);
  });

  test("runs the server without privileges and without the variables of service links", () => {
    expect(pod.enableServiceLinks).toBe(false);
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65532, fsGroup: 65532 });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  test("asks the server itself whether it has started, is ready and is alive", () => {
    for (const probe of [container.startupProbe, container.readinessProbe, container.livenessProbe]) {
      expect(probe!.exec!.command).toEqual(PROBE);
    }
  });
});

describe("docker-compose.yml", () => {
  /** All rules, with the quotes that Biome writes. */
  const rules: ConstructorParameters<typeof DCLinter>[0]["rules"] = {
    "require-quotes-in-ports": [2, { quoteType: "double" }],
  };
  const lint = (file: string) =>
    new DCLinter({ rules, quiet: false, debug: false, exclude: [] })
      .lintFiles([file], false)
      .flatMap((result) => result.messages);

  test("agrees with the Compose specification's schema and the linter's rules", () => {
    expect(lint(join(ROOT, "docker-compose.yml"))).toEqual([]);
  });

  test("is checked by a linter that sees a wrong name", () => {
    const file = join(scratch, "docker-compose.yml");
    writeFileSync(file, read("docker-compose.yml").replace("read_only:", "readonly:"));
    expect(lint(file).map((message) => message.rule)).toContain("invalid-schema");
  });
});

describe("versions and names", () => {
  test("the image's tag is the package's version", () => {
    const compose = Bun.YAML.parse(read("docker-compose.yml")) as { services: Record<string, { image: string }> };
    expect(container.image).toBe(`go-redis:${packageJson.version}`);
    expect(compose.services["go-redis"]!.image).toBe(`go-redis:${packageJson.version}`);
  });

  test("the builder has the Bun that the types and the CI are of", () => {
    const { builder } = baseImageNames(read("Dockerfile"));
    const bun = packageJson.devDependencies["bun-types"]!;
    expect(builder).toBe(`oven/bun:${bun}-slim`);
    expect(read(".ci/run")).toContain(`\nBUN_VERSION=${bun}\n`);
  });

  test("bun.lock names no host to download from", () => {
    expect(read("bun.lock")).not.toContain("://");
  });
});
