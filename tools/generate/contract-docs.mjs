// Reads the doc comments of the contracts' classes: they become the descriptions in generated schemas.
import { readdir, readFile } from 'node:fs/promises';
import ts from 'typescript';

const sources = new URL('../../libs/contracts/src/', import.meta.url);

/** @typedef {{ text: string | undefined, base: string | undefined, properties: Map<string, string> }} ClassDoc */

/** Class name -> its doc comment, its base class and the doc comments of its properties. */
export async function contractDocs() {
  /** @type {Map<string, ClassDoc>} */
  const docs = new Map();
  const names = await readdir(sources, { recursive: true });
  for (const name of names.filter((one) => one.endsWith('.ts') && !one.endsWith('.spec.ts')).sort()) {
    const text = await readFile(new URL(name, sources), 'utf8');
    const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
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
