import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** What an operator does to topics, by Kafka's own clients: a command a line, words by spaces; answers "> ok" or why not. */
public class TopicTool {
    private final String bootstrap;
    private final Admin admin;

    private TopicTool(String bootstrap) {
        this.bootstrap = bootstrap;
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    public static void main(String[] arguments) throws Exception {
        TopicTool tool = new TopicTool(arguments[0]);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String answer;
            try {
                tool.run(line.split(" "));
                answer = "ok";
            } catch (Exception problem) {
                answer = problem.toString().replace('\n', ' ');
            }
            // What the clients log is on the same stream.
            System.out.println("> " + answer);
        }
    }

    private void run(String[] words) throws Exception {
        String topic = words[1];
        switch (words[0]) {
            case "create" -> {
                NewTopic wanted = new NewTopic(topic, Integer.parseInt(words[2]), (short) 1);
                admin.createTopics(List.of(wanted.configs(settings(words, 3)))).all().get();
            }
            case "delete" -> admin.deleteTopics(List.of(topic)).all().get();
            case "set" -> set(topic, settings(words, 2));
            case "partitions" ->
                admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(Integer.parseInt(words[2])))).all().get();
            case "truncate" -> {
                TopicPartition place = new TopicPartition(topic, Integer.parseInt(words[2]));
                RecordsToDelete below = RecordsToDelete.beforeOffset(Long.parseLong(words[3]));
                admin.deleteRecords(Map.of(place, below)).all().get();
            }
            case "transact" -> transact(topic, Integer.parseInt(words[2]), words[3].equals("commit"), words);
            default -> throw new IllegalArgumentException("no command " + words[0]);
        }
    }

    private static Map<String, String> settings(String[] words, int from) {
        Map<String, String> found = new HashMap<>();
        for (int at = from; at < words.length; at++) {
            String[] pair = words[at].split("=", 2);
            found.put(pair[0], pair[1]);
        }
        return found;
    }

    private void set(String topic, Map<String, String> settings) throws Exception {
        List<AlterConfigOp> changes = new ArrayList<>();
        settings.forEach((name, value) ->
            changes.add(new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET)));
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        admin.incrementalAlterConfigs(Map.of(resource, changes)).all().get();
    }

    /** Files as records of one Kafka transaction; its end leaves an offset that holds no record. */
    private void transact(String topic, int partition, boolean commit, String[] words) throws Exception {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("transactional.id", UUID.randomUUID().toString());
        ByteArraySerializer bytes = new ByteArraySerializer();
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(properties, bytes, bytes)) {
            producer.initTransactions();
            producer.beginTransaction();
            for (int at = 4; at < words.length; at++) {
                byte[] value = Files.readAllBytes(Path.of(words[at]));
                producer.send(new ProducerRecord<>(topic, partition, null, value)).get();
            }
            if (commit) {
                producer.commitTransaction();
            } else {
                producer.abortTransaction();
            }
        }
    }
}
