import { Button } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { Icon } from './icon.js';
import { tellProblem } from './problem.js';

interface DownloadProps {
  /** All of it, in parts, in order. */
  parts: (signal: AbortSignal) => AsyncIterable<string>;
  fileName: string;
  mediaType: string;
}

/** Reads all that there is, not only what the page holds, and saves it as a file. */
export function Download({ parts, fileName, mediaType }: DownloadProps) {
  const link = useRef<HTMLAnchorElement>(null);
  const reading = useRef<AbortController>(undefined);
  const [busy, setBusy] = useState(false);
  const [url, setUrl] = useState<string>();
  useEffect(() => () => reading.current?.abort(), []);
  useEffect(() => {
    if (url === undefined) return;
    link.current?.click();
    const timer = setTimeout(() => URL.revokeObjectURL(url), 10_000);
    return () => clearTimeout(timer);
  }, [url]);
  const make = async (): Promise<void> => {
    const over = (reading.current = new AbortController());
    setBusy(true);
    try {
      const text: string[] = [];
      for await (const part of parts(over.signal)) text.push(part);
      if (!over.signal.aborted) setUrl(URL.createObjectURL(new Blob(text, { type: mediaType })));
    } catch (error) {
      if (!over.signal.aborted) tellProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button variant="default" leftSection={<Icon name="down" />} loading={busy} onClick={() => void make()}>
        Download
      </Button>
      <a ref={link} href={url} download={fileName} hidden>
        {fileName}
      </a>
    </>
  );
}
