/** The contents of fenced code blocks of a language. */
export function codeBlocks(markdown: string, language: string): string[] {
  const blocks: string[] = [];
  // A block in a list is indented, and so is its end.
  for (const [, indent = '', lang, text = ''] of markdown.matchAll(/^( *)```([a-z]*)\n([\s\S]*?)^ *```$/gm)) {
    if (lang === language) blocks.push(text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''));
  }
  return blocks;
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
  return [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  );
}
