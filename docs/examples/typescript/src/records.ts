// TXT records. `make dev` brings a DNS server of its own for its certificate authority; with a real one, this file is
// where your DNS provider's interface goes.

export class Records {
  readonly #server: string;

  constructor(server: string) {
    this.#server = server;
  }

  async place(name: string, text: string): Promise<void> {
    await this.#tell("set-txt", { host: `${name}.`, value: text });
  }

  /** A record has served once the order is decided. */
  async remove(name: string): Promise<void> {
    await this.#tell("clear-txt", { host: `${name}.` });
  }

  async #tell(command: string, record: Record<string, string>): Promise<void> {
    const response = await fetch(`${this.#server}/${command}`, { method: "POST", body: JSON.stringify(record) });
    if (!response.ok) throw new Error(`The DNS server answered ${response.status} to ${command}.`);
  }
}
