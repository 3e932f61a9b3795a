import { useData } from 'vitepress';
import { defineComponent, h, onMounted, ref, watch } from 'vue';
import { mermaid } from './mermaid.js';

let count = 0;

/** A Mermaid diagram, in the colours of the page. Until it is drawn, and where it cannot be, its source is shown. */
export const Diagram = defineComponent({
  props: { source: { type: String, required: true } },
  setup(props) {
    const { isDark } = useData();
    const drawing = ref('');
    const source = decodeURIComponent(props.source);
    const draw = async (): Promise<void> => {
      const { initialize, render } = await mermaid();
      initialize({ startOnLoad: false, theme: isDark.value ? 'dark' : 'neutral' });
      count += 1;
      drawing.value = (await render(`diagram-${count}`, source)).svg;
    };
    onMounted(draw);
    watch(isDark, draw);
    return () =>
      drawing.value === ''
        ? h('pre', { class: 'diagram' }, source)
        : h('div', { class: 'diagram', role: 'img', 'aria-label': 'Diagram', innerHTML: drawing.value });
  },
});
