import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface MsiContent {
  readonly text?: string;
  /** Rows for tables, after it was built: an SQL statement of Windows Installer. */
  readonly sql?: readonly string[];
}

/** Its own, so that a newer build is the same product. */
export const PRODUCT = '4F2B0C1E-6A35-4D0B-8C55-0A1B2C3D4E5F';

/** A real MSI made by wixl: a file, and registry values from a property and from a variable of the environment. */
export function makeMsi(folder: string, { text = 'hello\n', sql = [] }: MsiContent = {}): Buffer {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'hello.txt'), text);
  writeFileSync(join(folder, 'shop.wxs'), source);
  execFileSync('wixl', ['-o', 'shop.msi', 'shop.wxs'], { cwd: folder, stdio: 'pipe' });
  for (const statement of sql) execFileSync('msibuild', ['shop.msi', '-q', statement], { cwd: folder });
  return readFileSync(join(folder, 'shop.msi'));
}

const source = `<?xml version="1.0" encoding="utf-8"?>
<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi">
  <Product Name="Shop" Id="${PRODUCT}" UpgradeCode="4F2B0C1E-6A35-4D0B-8C55-0A1B2C3D4E60" Language="1033"
           Codepage="1252" Version="1.0.0" Manufacturer="Acme">
    <Package Id="*" Description="Shop" Manufacturer="Acme" InstallerVersion="100" Languages="1033"
             Compressed="yes" SummaryCodepage="1252"/>
    <Media Id="1" Cabinet="shop.cab" EmbedCab="yes"/>
    <Property Id="EDITION" Value="none"/>
    <Condition Message="not this edition">EDITION &lt;&gt; "bad"</Condition>
    <Directory Id="TARGETDIR" Name="SourceDir">
      <Directory Id="ProgramFilesFolder" Name="PFiles">
        <Directory Id="INSTALLDIR" Name="Shop">
          <Component Id="Main" Guid="4F2B0C1E-6A35-4D0B-8C55-0A1B2C3D4E61">
            <File Id="Hello" Name="hello.txt" DiskId="1" Source="hello.txt" KeyPath="yes"/>
            <RegistryKey Root="HKLM" Key="Software\\Acme\\Shop">
              <RegistryValue Type="string" Name="Edition" Value="[EDITION]"/>
              <RegistryValue Type="string" Name="Password" Value="[%PODWAY_VAR_PASSWORD]"/>
            </RegistryKey>
          </Component>
        </Directory>
      </Directory>
    </Directory>
    <Feature Id="Complete" Level="1"><ComponentRef Id="Main"/></Feature>
  </Product>
</Wix>
`;
