export function openApiDocument(): Promise<{ components: { schemas: Record<string, object> } }>;
