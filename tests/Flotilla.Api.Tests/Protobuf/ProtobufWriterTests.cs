using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Protobuf;
using Flotilla.Api.Schema;

namespace Flotilla.Api.Tests.Protobuf;

public sealed class ProtobufWriterTests
{
    private const int Seeds = 6;

    // Resource metrics are served as JSON alone.
    public static TheoryData<string> Kinds => [.. SchemaTable.BuiltIn.Types.Where(type => type.Kinds.Count > 0 && type.Kinds[0].Group != "metrics.k8s.io" && type.Fields.ContainsKey("metadata")).Select(type => type.Name).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Reads_back_what_it_wrote(string name)
    {
        var type = SchemaTable.BuiltIn[name];
        var kind = type.Kinds[0];
        for (var seed = 0; seed < Seeds; seed++)
        {
            var value = new RandomObjects(seed).Of(type);
            value["kind"] = kind.Kind;
            value["apiVersion"] = kind.ApiVersion;
            new Normalizer().Normalize(value, type);
            var body = ProtobufWriter.Body(kind, ProtobufWriter.Message(Bytes(value), MessageTable.Find(kind)!));
            var read = ProtobufReader.Read(body);
            new Normalizer().Normalize(read, type);
            Assert.Equal(Sorted(value)!.ToJsonString(), Sorted(read)!.ToJsonString());
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Writes_fields_in_the_order_of_their_numbers(string name)
    {
        var type = SchemaTable.BuiltIn[name];
        for (var seed = 0; seed < Seeds; seed++)
        {
            var value = new RandomObjects(seed).Of(type);
            new Normalizer().Normalize(value, type);
            AssertOrder(ProtobufWriter.Message(Bytes(value), MessageTable.Find(type.Kinds[0])!, version: 7), MessageTable.Find(type.Kinds[0])!);
        }
    }

    private static void AssertOrder(ReadOnlySpan<byte> message, MessageType type)
    {
        for (var (at, last) = (0, 0); at < message.Length;)
        {
            var tag = (int)Varint(message, ref at);
            Assert.True(tag >> 3 >= last, $"{type.Name}: {tag >> 3} stands behind {last}");
            last = tag >> 3;
            var size = (tag & 7) switch { 0 => 0, 1 => 8, _ => (int)Varint(message, ref at) };
            if ((tag & 7) == 0)
            {
                Varint(message, ref at);
            }

            if (type.Find(last) is { Message: { } nested, Value: MessageValue.Message, IsMap: false })
            {
                AssertOrder(message.Slice(at, size), nested);
            }

            at += size;
        }
    }

    private static ulong Varint(ReadOnlySpan<byte> message, ref int at)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var next = message[at++];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }

    [Fact]
    public void Knows_every_field_of_every_type()
    {
        var missing =
            from type in SchemaTable.BuiltIn.Types
            let message = MessageTable.Find(type.Name)
            where message is not null && type.Fields.Count > 0
            from field in type.Fields.Values
            where field.Name is not ("kind" or "apiVersion") && !Has(message, field.Name)
            select $"{type.Name}.{field.Name}";
        Assert.Empty(missing);
    }

    [Fact]
    public void Adds_the_version_to_the_metadata()
    {
        var message = ProtobufWriter.Message("""{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"},"data":{"b":"2","a":"1"}}"""u8, MessageTable.Find("core.v1.ConfigMap")!, 42);
        var metadata = "0A0161" + "1200" + "1A00" + "2200" + "2A00" + "32023432" + "3800" + "4200";
        Assert.Equal($"0A{metadata.Length / 2:X2}{metadata}" + "12060A016112013112060A0162120132", Convert.ToHexString(message));
    }

    [Fact]
    public void Writes_the_zeros_of_what_is_held_by_value_and_of_nothing_else()
    {
        var port = ProtobufWriter.Message("""{"ports":[{"port":80}]}"""u8, MessageTable.Find("core.v1.ServiceSpec")!);
        Assert.Contains("0A" + "10" + "0A00" + "1200" + "1850" + "2206080010001A00" + "2800", Convert.ToHexString(port), StringComparison.Ordinal);

        // runAsUser, privileged and the like differ when zero from when absent.
        Assert.Empty(ProtobufWriter.Message("{}"u8, MessageTable.Find("core.v1.SecurityContext")!));
        Assert.Equal("1000", Convert.ToHexString(ProtobufWriter.Message("""{"privileged":false}"""u8, MessageTable.Find("core.v1.SecurityContext")!)));
    }

    [Theory]
    [InlineData("core.v1.PodCondition", """{"type":"A","status":"B","lastProbeTime":null}""", "0A0141" + "120142" + "1A00" + "2200" + "2A00" + "3200" + "3800")]
    [InlineData("core.v1.ContainerStateRunning", "{}", "0A00")]
    [InlineData("core.v1.ResourceFieldSelector", """{"resource":"a"}""", "0A00" + "120161" + "1A03" + "0A0130")]
    [InlineData("core.v1.WeightedPodAffinityTerm", "{}", "0800" + "1202" + "1A00")]
    [InlineData("resource.v1.AllocationResult", "{}", "0A00")]
    public void Writes_what_is_held_by_value_even_when_it_is_empty(string type, string json, string message) =>
        Assert.Equal(message, Convert.ToHexString(ProtobufWriter.Message(Encoding.UTF8.GetBytes(json), MessageTable.Find(type)!)));

    [Fact]
    public void Frames_events_of_a_watch()
    {
        var frame = ProtobufWriter.Frame("ADDED", "body"u8);
        Assert.Equal("0000000F" + "0A0541444445441206" + "0A04626F6479", Convert.ToHexString(frame));
    }

    private static bool Has(MessageType type, string name) => type.Find(name) is not null || type.Inlined.Any(inlined => Has(inlined.Message!, name));

    private static byte[] Bytes(JsonNode value) => Encoding.UTF8.GetBytes(value.ToJsonString(ObjectJson.Options));

    // Maps have no order in a message; absent lists and empty ones are the same there.
    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject map => new JsonObject(map.Where(pair => pair.Value is not (null or JsonArray { Count: 0 } or JsonObject { Count: 0 })).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, Sorted(pair.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}
