import type { DeploymentDetailView } from '@podway/contracts';
import { Icon } from '../shown/icon.js';
import { lengthOf, Running } from '../shown/times.js';
import { pipelineOf, stepShown, type PipelineStep } from './pipeline.js';

/** FIG. 2 as this deployment went through it, and the branch back below. */
export function PipelineList({ deployment }: { deployment: DeploymentDetailView }) {
  const { forward, back } = pipelineOf(deployment);
  return (
    <div className="pipeline">
      <ol aria-label="Steps">
        {forward.map((step) => (
          <StepItem key={step.name} step={step} />
        ))}
      </ol>
      {back.length > 0 && (
        <div className="branch">
          <span className="branch-label">
            <Icon name="undo" size={14} /> the state before is put back
          </span>
          <ol aria-label="Steps of the roll-back">
            {back.map((step) => (
              <StepItem key={step.name} step={step} />
            ))}
          </ol>
        </div>
      )}
    </div>
  );
}

function StepItem({ step: { fig, name, status, durationMs, since, detail } }: { step: PipelineStep }) {
  const { word, icon, tone } = stepShown[status];
  return (
    <li data-status={status} data-tone={tone} aria-current={since === undefined ? undefined : 'step'}>
      <span className="node">
        <Icon name={icon} />
      </span>
      <span className="name">{name}</span>
      <span className="status">{word}</span>
      <span className="fig">FIG. 2, {fig}</span>
      <span className="time">
        {durationMs !== undefined && lengthOf(durationMs)}
        {since !== undefined && <Running since={since} />}
      </span>
      {detail !== undefined && (
        <span className="error" title={detail}>
          {codeOf(detail)}
        </span>
      )}
    </li>
  );
}

/** The code that an error begins with, to be broken at its words; its text is told below. */
function codeOf(detail: string): string {
  const [code = detail] = detail.split(': ');
  return code.replaceAll(/[._]/g, '$&\u200b');
}
