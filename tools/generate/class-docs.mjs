// Reads the doc comments of classes: they become the descriptions in what is generated.
import { readdir, readFile } from 'node:fs/promises';
import ts from 'typescript';

const root = new URL('../../', import.meta.url);

/** @typedef {{ text: string | undefined, base: string | undefined, properties: Map<string, string> }} ClassDoc */

/** Class name -> its doc comment, its base class and the doc comments of its properties. `folders` from the root. */
export async function classDocs(folders) {
  /** @type {Map<string, ClassDoc>} */
  const docs = new Map();
  for (const file of await sourceFiles(folders)) {
    for (const statement of file.statements) {
      if (ts.isClassDeclaration(statement) && statement.name)
        docs.set(statement.name.text, classDoc(statement));
    }
  }
  return docs;
}

/** The doc comment of a property, its base classes' included. */
export function propertyDoc(docs, className, property) {
  for (let at = docs.get(className); at; at = docs.get(at.base ?? '')) {
    const text = at.properties.get(property);
    if (text) return text;
  }
  return undefined;
}

async function sourceFiles(folders) {
  const files = [];
  for (const folder of folders) {
    const base = new URL(`${folder}/`, root);
    const names = await readdir(base, { recursive: true });
    for (const name of names.filter((one) => one.endsWith('.ts') && !one.endsWith('.spec.ts')).sort()) {
      const text = await readFile(new URL(name, base), 'utf8');
      files.push(ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true));
    }
  }
  return files;
}

/** @returns {ClassDoc} */
function classDoc(declaration) {
  const extended = declaration.heritageClauses?.find((one) => one.token === ts.SyntaxKind.ExtendsKeyword);
  const properties = new Map();
  for (const member of declaration.members) {
    const text = ts.isPropertyDeclaration(member) ? commentOf(member) : undefined;
    if (text) properties.set(member.name.getText(), text);
  }
  return { text: commentOf(declaration), base: extended?.types[0]?.expression.getText(), properties };
}

function commentOf(node) {
  const [doc] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
  const text = doc && ts.getTextOfJSDocComment(doc.comment);
  return text
    ?.replace(/\{@link\s+([^}]+)\}/g, '$1')
    .replace(/\s+/g, ' ')
    .trim();
}
