import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import {
  isFinished,
  type DeploymentDetailView,
  type DeploymentList,
  type PodDetailView,
  type PodSpec,
  type ReleaseList,
} from '@podway/contracts';
import { eventually } from './eventually.js';

const run = promisify(execFile);

/** A gzipped tar of a folder, made by the system's tar: not by the code under test. */
export async function packed(folder: string): Promise<Buffer> {
  const { stdout } = await run('tar', ['-czf', '-', '--owner=0', '--group=0', '-C', folder, '.'], {
    encoding: 'buffer',
    maxBuffer: 1024 ** 3,
  });
  return stdout;
}

/** The public API as anybody may use it: HTTP and a key. */
export class Api {
  constructor(
    readonly url: string,
    readonly key: string,
  ) {}

  async call<T>(
    method: string,
    path: string,
    body?: Buffer | object,
    headers: Record<string, string> = {},
  ): Promise<T> {
    const response = await this.raw(method, path, body, headers);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  }

  raw(
    method: string,
    path: string,
    body?: Buffer | object,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const isBundle = Buffer.isBuffer(body);
    return fetch(new URL(path, this.url), {
      method,
      headers: {
        authorization: `Bearer ${this.key}`,
        ...(body ? { 'content-type': isBundle ? 'application/gzip' : 'application/json' } : {}),
        ...headers,
      },
      body: isBundle ? new Uint8Array(body) : body ? JSON.stringify(body) : undefined,
    });
  }

  /** Publishes a bundle's folder. Resolves with the deployment's id. */
  async publish(folder: string, pod: string, headers: Record<string, string> = {}): Promise<string> {
    return this.publishPacked(await packed(folder), pod, headers);
  }

  async publishPacked(bundle: Buffer, pod: string, headers: Record<string, string> = {}): Promise<string> {
    const accepted = await this.call<{ deploymentId: string }>(
      'POST',
      `/v1/updates?pod=${pod}`,
      bundle,
      headers,
    );
    return accepted.deploymentId;
  }

  /** Goes back to a release. */
  async goBack(pod: string, release?: number): Promise<string> {
    return (await this.call<{ deploymentId: string }>('POST', '/v1/updates', { pod, release })).deploymentId;
  }

  async abort(id: string): Promise<void> {
    await this.call('POST', `/v1/deployments/${id}/abort`, { reason: 'a test' });
  }

  deployment(id: string): Promise<DeploymentDetailView> {
    return this.call('GET', `/v1/deployments/${id}`);
  }

  deployments(pod: string): Promise<DeploymentList> {
    return this.call('GET', `/v1/deployments?pod=${pod}&limit=500`);
  }

  pod(name: string): Promise<PodDetailView> {
    return this.call('GET', `/v1/pods/${name}`);
  }

  releases(name: string): Promise<ReleaseList> {
    return this.call('GET', `/v1/pods/${name}/releases`);
  }

  async applyPods(...pods: PodSpec[]): Promise<void> {
    await this.call('PUT', '/v1/pods', { apiVersion: 'podway/v1', pods });
  }

  /** Waits for the end, whatever it is. Survives times in which the API does not answer. */
  ended(id: string, timeoutMs = 120_000): Promise<DeploymentDetailView> {
    return eventually(
      `the end of deployment ${id}`,
      async () => {
        const view = await this.deployment(id);
        return isFinished(view.state) && view;
      },
      { timeoutMs },
    );
  }

  /** Waits until the deployment is in the state, or has been. */
  reached(id: string, state: string): Promise<DeploymentDetailView> {
    return eventually(
      `deployment ${id} in ${state}`,
      async () => {
        const view = await this.deployment(id);
        if (view.state === state || view.stages.some((stage) => stage.state === state)) return view;
        if (isFinished(view.state)) throw new Error(`it ended as ${view.state}`);
        return undefined;
      },
      { everyMs: 50 },
    );
  }
}
