export function formatted(path: string, document: object): Promise<string>;
