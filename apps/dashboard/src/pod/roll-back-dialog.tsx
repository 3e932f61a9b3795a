import { Checkbox, List, Text } from '@mantine/core';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import type { PodDetailView, ReleaseView } from '@podway/contracts';
import { isProduction } from '@podway/contracts/plain';
import { useSession } from '../session/session.js';
import { ReasonDialog } from '../shown/reason-dialog.js';

interface RollBackDialogProps {
  pod: PodDetailView;
  release: ReleaseView;
  onClose: () => void;
}

/** Says what going back does to which servers, and wants a reason; for production the POD's name, too: visitors will see the difference. */
export function RollBackDialog({ pod, release, onClose }: RollBackDialogProps) {
  const { podway } = useSession();
  const go = useNavigate();
  const [force, setForce] = useState(false);
  const { number, label, bad } = release;
  return (
    <ReasonDialog
      title={`Roll ${pod.name} back to release ${number}?`}
      text={`Release ${number}${label ? ` (${label})` : ''} is put in force again. It is a deployment like any other: tried on one server first, and rolled back if its tests fail.`}
      confirm={`Roll back to release ${number}`}
      needsReason
      typed={isProduction(pod.environment) ? pod.name : undefined}
      onClose={onClose}
      onConfirm={async (reason) => {
        const update = await podway.goBack({
          pod: pod.name,
          release: number,
          ...(reason === undefined ? {} : { reason }),
          ...(force ? { force } : {}),
        });
        void go(`/deployments/${update.deploymentId}`);
      }}
    >
      <div>
        <Text size="sm" fw={600} mb={4}>
          What happens to the servers
        </Text>
        <List size="sm" aria-label="What happens to the servers">
          {pod.servers.map((server) => (
            <List.Item key={server.name}>
              <b>{server.name}</b>:{' '}
              {server.fingerprint === release.fingerprint
                ? `holds this state already${server.quarantined ? ', and comes back into rotation' : ''}`
                : `from ${server.release === undefined ? 'an unknown state' : `release ${server.release}`} to release ${number}`}
            </List.Item>
          ))}
        </List>
        <Text size="sm" c="dimmed" mt={4}>
          The canary goes first, out of rotation; then all others at once.
        </Text>
      </div>
      {bad && (
        <Checkbox
          label={`It was marked bad: ${bad.reason}. Use it all the same.`}
          checked={force}
          onChange={(event) => setForce(event.currentTarget.checked)}
        />
      )}
    </ReasonDialog>
  );
}
