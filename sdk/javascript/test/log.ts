// Stands in for the contract's import `log`.

export const lines: string[] = [];

export function write(level: string, message: string): void {
  lines.push(`${level}: ${message}`);
}
