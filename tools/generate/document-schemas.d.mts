export function documentSchemas(): Promise<Map<string, object>>;
