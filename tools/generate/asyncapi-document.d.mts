export function asyncApiDocument(): Promise<object>;
