// Prints the events of a client, one a line: those that its stream has from an offset on, then what happens.
// node replay-events.mjs amqp://USER:PASSWORD@HOST CLIENT [first | last | next | OFFSET]
import { connect } from 'amqplib';

const [url, client, from = 'first'] = process.argv.slice(2);
const offset = /^[0-9]+$/.test(from) ? Number(from) : from;

const connection = await connect(url);
const channel = await connection.createChannel();
await channel.prefetch(100);
await channel.consume(
  `podway.events.${client}`,
  (message) => {
    const event = JSON.parse(message.content.toString());
    // Kept, it is where to go on after: the next is one more.
    const at = message.properties.headers['x-stream-offset'];
    console.log(JSON.stringify({ offset: at, type: event.type, sequence: event.sequence, data: event.data }));
    channel.ack(message);
  },
  { arguments: { 'x-stream-offset': offset } },
);
