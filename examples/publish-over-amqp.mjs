import { readFile } from 'node:fs/promises';
import amqp from 'amqplib';
const [url, client, pod, file] = process.argv.slice(2); // amqp://user:password@host acme shop shop.tar.gz
const id = crypto.randomUUID();
const channel = await (await amqp.connect(url)).createChannel();
const { queue: replyTo } = await channel.assertQueue(`podway.client.${client}.${id}`, { exclusive: true });
const data = { target: { pod }, bundle: await readFile(file, 'base64') };
const update = { specversion: '1.0', type: 'io.podway.update.publish.v1', source: '/example', id, data };
const options = { userId: new URL(url).username, replyTo, persistent: true };
channel.publish(`podway.client.${client}`, '', Buffer.from(JSON.stringify(update)), options);
const answer = await new Promise((answered) => void channel.consume(replyTo, answered, { noAck: true }));
console.log(answer.content.toString());
await channel.connection.close();
