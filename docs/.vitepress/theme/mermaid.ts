import address from '@mermaid-js/tiny/dist/mermaid.tiny.js?url';

interface Mermaid {
  initialize(options: { startOnLoad: boolean; theme: string }): void;
  render(id: string, source: string): Promise<{ svg: string }>;
}

let loaded: Promise<Mermaid> | undefined;

/** The library, as one file beside the pages: it comes only to pages that have a diagram, and nothing has to bundle it. */
export function mermaid(): Promise<Mermaid> {
  return (loaded ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = address;
    script.onload = () => resolve((globalThis as unknown as { mermaid: Mermaid }).mermaid);
    script.onerror = () => reject(new Error(`${address} cannot be loaded`));
    document.head.append(script);
  }));
}
