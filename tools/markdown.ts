/** A fenced code block. */
export interface CodeBlock {
  language: string;
  text: string;
  /** The test that runs it in place of `e2e/docs.spec.ts`, where its first line names one: ` ```sh run-by: e2e/demo.spec.ts `. */
  runBy?: string;
}

/** The fenced code blocks of a page, in their order. */
export function blocksOf(markdown: string): CodeBlock[] {
  // A block in a list is indented, and so is its end.
  const found = markdown.matchAll(/^( *)```([a-z]*)(?: run-by: ([^\n]+))?\n([\s\S]*?)^ *```$/gm);
  return [...found].map(([, indent = '', language = '', runBy, text = '']) => ({
    language,
    text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    ...(runBy === undefined ? {} : { runBy }),
  }));
}

/** The contents of fenced code blocks of a language. */
export function codeBlocks(markdown: string, language: string): string[] {
  return blocksOf(markdown).flatMap((block) => (block.language === language ? [block.text] : []));
}

/** Commands of shell examples, and those in the text between backquotes; a command over several lines is one. */
export function commandLines(markdown: string): string[] {
  const shell = codeBlocks(markdown, 'sh').flatMap((text) => text.replace(/\\\n\s*/g, ' ').split('\n'));
  const prose = markdown.replace(/^( *)```[\s\S]*?^ *```$/gm, '');
  const inline = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text);
  return [...shell, ...inline].map((line) => line.trim()).filter((line) => line !== '');
}

/** Targets of links, as they are written. Code does not count. */
export function linksOf(markdown: string): string[] {
  const prose = markdown.replace(/^( *)```[\s\S]*?^ *```$/gm, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
}

/** Anchors of the headings, as GitHub makes them. */
export function anchorsOf(markdown: string): string[] {
  const prose = markdown.replace(/^( *)```[\s\S]*?^ *```$/gm, '');
  return [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
}

/** The anchor of one heading. The site makes the same. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');
}
