using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Protobuf;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Reads;

public sealed class ProtobufTests(ApiHost host)
{
    private const string Protobuf = "application/vnd.kubernetes.protobuf";
    private const string Client = Protobuf + ",application/json";

    [Fact]
    public async Task Answers_an_object_as_it_answers_in_JSON()
    {
        var space = await host.SpaceAsync();
        var made = (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/pods", """{"metadata":{"name":"p","labels":{"b":"2","a":"1"}},"spec":{"containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"100m"}},"readinessProbe":{"httpGet":{"port":"http"}}}]}}""")).Expect(201);
        var path = $"/api/v1/namespaces/{space}/pods/p";
        var reply = (await host.Admin.GetAsync(path, Client)).Expect(200);
        Assert.Equal(Protobuf, reply.ContentHeaders.ContentType!.ToString());
        var read = ProtobufReader.Read(reply.Bytes);
        var same = (await host.Admin.GetAsync(path)).Body;
        if (same["metadata"]!["resourceVersion"]!.ToString() == read["metadata"]!["resourceVersion"]!.ToString())
        {
            Assert.True(JsonNode.DeepEquals(same["spec"]!["containers"], read["spec"]!["containers"]));
        }

        Assert.Equal((string?)made["metadata.uid"], (string?)read["metadata"]!["uid"]);
        Assert.Equal("Pod", (string?)read["kind"]);
    }

    [Fact]
    public async Task Answers_lists_and_what_follows_them()
    {
        var space = await host.SpaceAsync();
        foreach (var name in (string[])["a", "b", "c"])
        {
            (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/secrets", $$$"""{"metadata":{"name":"{{{name}}}"},"data":{"k":"AAEC"}}""")).Expect(201);
        }

        var list = ProtobufReader.Read((await host.Admin.GetAsync($"/api/v1/namespaces/{space}/secrets?limit=2", Client)).Expect(200).Bytes);
        Assert.Equal("SecretList", (string?)list["kind"]);
        Assert.Equal(["a", "b"], ((JsonArray)list["items"]!).Select(item => (string?)item!["metadata"]!["name"]));
        Assert.Equal("AAEC", (string?)list["items"]![0]!["data"]!["k"]);
        Assert.NotNull(list["metadata"]!["continue"]);
        Assert.Equal(1, (long)list["metadata"]!["remainingItemCount"]!);
    }

    [Fact]
    public async Task Answers_failures_and_deletions_as_a_Status()
    {
        var space = await host.SpaceAsync();
        var missing = (await host.Admin.GetAsync($"/api/v1/namespaces/{space}/pods/none", Client)).Expect(404);
        Assert.Equal(Protobuf, missing.ContentHeaders.ContentType!.ToString());
        var status = ProtobufReader.Read(missing.Bytes);
        Assert.Equal(("Status", "NotFound", 404), ((string?)status["kind"], (string?)status["reason"], (int)(long)status["code"]!));
        (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/configmaps", """{"metadata":{"name":"a"}}""")).Expect(201);
        var gone = (await host.Admin.SendAsync(HttpMethod.Delete, $"/api/v1/namespaces/{space}/configmaps/a", null, accept: Client)).Expect(200);
        Assert.Equal("Success", (string?)ProtobufReader.Read(gone.Bytes)["status"]);
    }

    [Fact]
    public async Task Answers_metadata_alone()
    {
        var accept = Protobuf + ";as=PartialObjectMetadata;g=meta.k8s.io;v=v1," + Protobuf;
        var reply = (await host.Admin.GetAsync("/api/v1/namespaces/default", accept)).Expect(200);
        var text = Encoding.UTF8.GetString(reply.Bytes);
        Assert.Contains("PartialObjectMetadata", text, StringComparison.Ordinal);
        Assert.Contains("default", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Active", text, StringComparison.Ordinal);
        reply = (await host.Admin.GetAsync("/api/v1/namespaces", Protobuf + ";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")).Expect(200);
        Assert.Contains("PartialObjectMetadataList", Encoding.UTF8.GetString(reply.Bytes), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watches_in_frames_that_say_their_length()
    {
        var space = await host.SpaceAsync();
        (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/configmaps", """{"metadata":{"name":"a","labels":{"mine":"yes"}}}""")).Expect(201);
        var reply = (await host.Admin.GetAsync($"/api/v1/namespaces/{space}/configmaps?watch=1&labelSelector=mine&timeoutSeconds=1", Client)).Expect(200);
        Assert.Equal(Protobuf + ";stream=watch", reply.ContentHeaders.ContentType!.ToString().Replace(" ", "", StringComparison.Ordinal));
        var length = BinaryPrimitives.ReadInt32BigEndian(reply.Bytes);
        Assert.Equal(reply.Bytes.Length - 4, length);
        var at = reply.Bytes.AsSpan().IndexOf("k8s\0"u8);
        Assert.Equal("a", (string?)ProtobufReader.Read(reply.Bytes.AsSpan(at))["metadata"]!["name"]);
        Assert.Contains("ADDED", Encoding.UTF8.GetString(reply.Bytes.AsSpan(0, at)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prefers_what_weighs_more()
    {
        var reply = (await host.Admin.GetAsync("/api/v1/namespaces/default", Protobuf + ";q=0.5,application/yaml;q=0.9,*/*;q=0.1")).Expect(200);
        Assert.Equal("application/yaml", reply.ContentHeaders.ContentType!.ToString());
    }
}
