using System.IO.Compression;
using System.Text.Json.Nodes;
using Flotilla.Server.Tests.CustomResources;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Machinery;

public sealed class OpenApiFormatTests(ApiHost host)
{
    private const string Protobuf = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

    // Numbers of gnostic's openapi.v2: Document, Schema, NamedSchema.
    private const int Swagger = 1;
    private const int Info = 2;
    private const int Paths = 8;
    private const int Definitions = 9;
    private const int Named = 1;

    [Theory]
    [InlineData(Protobuf)]
    [InlineData("application/com.github.proto-openapi.spec.v2.v1.0+protobuf")]
    public async Task Tells_all_definitions_in_protobuf(string accept)
    {
        var reply = (await host.Admin.GetAsync("/openapi/v2", accept)).Expect(200);
        Assert.Equal("application/com.github.proto-openapi.spec.v2.v1.0+protobuf", reply.ContentHeaders.ContentType!.ToString());
        var document = new ProtobufFields(reply.Bytes);
        Assert.Equal(("2.0", "Kubernetes"), (document.One(Swagger).Text, document.One(Info).One(1).Text));
        var json = (await host.Admin.GetAsync("/openapi/v2")).Body;
        Assert.Equal(json["definitions"]!.AsObject().Select(pair => pair.Key).Where(IsBuiltIn).Order(), document.One(Definitions).Of(Named).Select(entry => entry.One(1).Text).Where(IsBuiltIn).Order());
        var pod = document.One(Definitions).Named(Named, "io.k8s.api.core.v1.Pod")!;
        Assert.Equal("object", pod.One(22).One(1).Text);
        Assert.Equal("#/definitions/io.k8s.api.core.v1.PodSpec", pod.One(25).Named(1, "spec")!.One(1).Text);
        Assert.Contains("kind: Pod", pod.Named(31, "x-kubernetes-group-version-kind")!.One(2).Text, StringComparison.Ordinal);
        var spec = document.One(Definitions).Named(Named, "io.k8s.api.core.v1.PodSpec")!;
        Assert.Equal("containers", spec.One(19).Text);
        var containers = spec.One(25).Named(1, "containers")!;
        Assert.Equal("#/definitions/io.k8s.api.core.v1.Container", containers.One(23).One(1).One(1).Text);
        Assert.Equal("merge", containers.Named(31, "x-kubernetes-patch-strategy")!.One(2).Text.Trim());
        var post = document.One(Paths).Named(2, "/api/v1/namespaces/{namespace}/pods")!.One(4);
        Assert.Equal("post", post.Named(13, "x-kubernetes-action")!.One(2).Text.Trim());
        Assert.Contains("fieldValidation", post.Of(8).Select(parameter => parameter.One(1).One(2).One(3).One(4).Text));
        Assert.Equal("#/definitions/io.k8s.api.core.v1.Pod", post.One(9).Named(1, "200")!.One(1).One(2).One(1).One(1).Text);
    }

    [Fact]
    public async Task Custom_resources_are_in_protobuf_too()
    {
        var defs = CustomResources.Definitions.New(host);
        await defs.CreateAsync(defs.Simple("""
            {"type":"object","description":"A gadget.","properties":{"spec":{"type":"object","additionalProperties":{"type":"integer","format":"int32","minimum":1,"enum":[1,2]}}}}
            """));
        var name = $"{string.Join('.', defs.Group.Split('.').Reverse())}.v1.Gadget";
        var gadget = new ProtobufFields((await host.Admin.GetAsync("/openapi/v2", Protobuf)).Bytes).One(Definitions).Named(Named, name)!;
        Assert.Equal("A gadget.", gadget.One(4).Text);
        var values = gadget.One(25).Named(1, "spec")!.One(21).One(1);
        Assert.Equal(("integer", "int32"), (values.One(22).One(1).Text, values.One(2).Text));
        Assert.Equal(["1", "2"], values.Of(20).Select(value => value.One(2).Text.Trim()));
    }

    /// <summary>With the numbers of gnostic's openapi.v3.</summary>
    [Fact]
    public async Task Documents_of_version_3_are_in_protobuf_too()
    {
        const string Accept = "application/com.github.proto-openapi.spec.v3.v1.0+protobuf";
        var reply = (await host.Admin.GetAsync("/openapi/v3/api/v1", Accept)).Expect(200);
        Assert.Equal(Accept, reply.ContentHeaders.ContentType!.ToString());
        var document = new ProtobufFields(reply.Bytes);
        Assert.Equal(("3.0.0", "Kubernetes"), (document.One(1).Text, document.One(2).One(1).Text));
        var schemas = document.One(5).One(1);
        var json = (await host.Admin.GetAsync("/openapi/v3/api/v1")).Body;
        Assert.Equal(json["components"]!["schemas"]!.AsObject().Select(pair => pair.Key), schemas.Of(1).Select(entry => entry.One(1).Text));
        var pod = schemas.Named(1, "io.k8s.api.core.v1.Pod")!.One(1);
        Assert.Equal("object", pod.One(25).Text);
        Assert.Contains("kind: Pod", pod.Named(36, "x-kubernetes-group-version-kind")!.One(2).Text, StringComparison.Ordinal);
        Assert.Equal("#/components/schemas/io.k8s.api.core.v1.PodSpec", pod.One(31).Named(1, "spec")!.One(1).One(26).One(2).One(1).Text);
        var get = document.One(4).Named(1, "/api/v1/namespaces/{namespace}/pods/{name}")!.One(4);
        Assert.Equal("get", get.Named(13, "x-kubernetes-action")!.One(2).Text.Trim());
        var content = get.One(8).Named(2, "200")!.One(1).One(3).Named(1, "application/json")!;
        Assert.Equal("#/components/schemas/io.k8s.api.core.v1.Pod", content.One(1).One(1).One(26).One(2).One(1).Text);
    }

    [Theory]
    [InlineData("/openapi/v2")]
    [InlineData("/openapi/v3/apis/apps/v1")]
    [InlineData("/apis")]
    public async Task What_a_client_holds_already_is_not_sent_again(string path)
    {
        var accept = path == "/apis" ? "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList" : ApiCaller.Json;
        for (var attempt = 0; ; attempt++)
        {
            var tag = (await host.Admin.GetAsync(path, accept)).Expect(200).Headers.ETag!.Tag;
            var again = await host.Admin.SendBytesAsync(HttpMethod.Get, path, null, ApiCaller.Json, accept, ("If-None-Match", tag));

            // Definitions that other tests make change the whole document.
            if (again.Code == 304 || attempt == 10)
            {
                Assert.Equal((304, 0), (again.Code, again.Bytes.Length));
                break;
            }
        }

        (await host.Admin.SendBytesAsync(HttpMethod.Get, path, null, ApiCaller.Json, accept, ("If-None-Match", "\"other\""))).Expect(200);
    }

    [Fact]
    public async Task An_address_with_a_hash_may_be_kept_and_an_old_one_leads_to_the_new()
    {
        var address = (string)(await host.Admin.GetAsync("/openapi/v3")).Body["paths"]!["apis/apps/v1"]!["serverRelativeURL"]!;
        var reply = (await host.Admin.GetAsync(address)).Expect(200);
        Assert.Equal($"\"{address.Split("hash=")[1]}\"", reply.Headers.ETag!.Tag);
        Assert.Equal("public, immutable", string.Join(", ", reply.Headers.GetValues("Cache-Control")));
        Assert.True(reply.ContentHeaders.Expires > DateTimeOffset.UtcNow.AddDays(360));
        Assert.Equal("no-cache, private", string.Join(", ", (await host.Admin.GetAsync("/openapi/v3/apis/apps/v1")).Headers.GetValues("Cache-Control").Select(value => value.Replace("private, no-cache", "no-cache, private", StringComparison.Ordinal))));
        var old = await host.Admin.GetAsync("/openapi/v3/apis/apps/v1?hash=old");
        Assert.True(old.Code == 200 || old.Headers.Location!.OriginalString == address, old.Text);
    }

    [Theory]
    [InlineData("/openapi/v2", "application/xml", 406)]
    [InlineData("/openapi/v3/api/v1", "application/xml", 406)]
    [InlineData("/openapi/v2", "application/xml, */*;q=0.1", 200)]
    [InlineData("/openapi/v3/apis/nothing/v1", "application/json", 404)]
    public async Task Formats_are_negotiated(string path, string accept, int code) => (await host.Admin.GetAsync(path, accept)).Expect(code);

    [Fact]
    public async Task Long_documents_are_compressed_on_request()
    {
        var reply = (await host.Admin.SendBytesAsync(HttpMethod.Get, "/openapi/v2", null, ApiCaller.Json, ApiCaller.Json, ("Accept-Encoding", "gzip"))).Expect(200);
        Assert.Equal("gzip", Assert.Single(reply.ContentHeaders.ContentEncoding));
        await using var plain = new GZipStream(new MemoryStream(reply.Bytes), CompressionMode.Decompress);
        Assert.Equal("2.0", (string?)(await JsonNode.ParseAsync(plain, cancellationToken: TestContext.Current.CancellationToken))!["swagger"]);
    }

    private static bool IsBuiltIn(string name) => name.StartsWith("io.k8s.", StringComparison.Ordinal);
}
