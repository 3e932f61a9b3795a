import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server of a POD: answers with its name and its release, at once or when it is let. */
export class WebServer {
  release = 1;
  /** How long an answer takes, in milliseconds. */
  answerMs = 0;
  asked = 0;
  private held: (() => void)[] = [];
  private holding = false;

  private constructor(
    readonly name: string,
    private readonly server: Server,
  ) {
    server.keepAliveTimeout = 60_000;
    server.on('request', (_, response) => {
      this.asked += 1;
      const body = `${name} ${this.release}`;
      const answer = (): void => void response.end(body);
      if (this.holding) this.held.push(answer);
      else if (this.answerMs > 0) setTimeout(answer, this.answerMs);
      else answer();
    });
  }

  static async start(name: string): Promise<WebServer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new WebServer(name, server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Answers nothing from now on, until {@link letGo}. */
  hold(): void {
    this.holding = true;
  }

  letGo(): void {
    this.holding = false;
    for (const answer of this.held.splice(0)) answer();
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
