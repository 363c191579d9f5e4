using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;
using Flotilla.Storage;

namespace Flotilla.Server.Tests.Conformance.Reads;

/// <summary>Servers with support for API chunking, and what lists show at which version.</summary>
public sealed class ListTests(ApiHost host)
{
    private const string Old = "The provided continue parameter is too old to display a consistent list result.";

    [Fact]
    public async Task Returns_chunks_of_results()
    {
        var path = await FilledAsync(40);
        var (names, token, version) = (new List<string>(), "", "");
        do
        {
            var page = (await host.Admin.GetAsync($"{path}?limit=17&continue={token}")).Expect(200);
            version = version.Length == 0 ? (string)page["metadata.resourceVersion"]! : version;
            Assert.Equal(version, (string?)page["metadata.resourceVersion"]);
            var items = Names(page);
            names.AddRange(items);
            token = (string?)page["metadata.continue"] ?? "";
            Assert.Equal(token.Length > 0 ? 40 - names.Count : null, (int?)page["metadata.remainingItemCount"]);
        }
        while (token.Length > 0);

        Assert.Equal(Enumerable.Range(0, 40).Select(Name), names);
        Assert.Equal(40, Names((await host.Admin.GetAsync(path)).Expect(200)).Count);
    }

    [Fact]
    public async Task Continues_inconsistently_once_the_version_is_forgotten()
    {
        // A store of its own: forgetting is for all who share one.
        await using var own = new ApiHost();
        await own.InitializeAsync();
        var path = await FilledAsync(10, own);
        var first = (await own.Admin.GetAsync(path + "?limit=4")).Expect(200);
        (await own.Admin.DeleteAsync($"{path}/{Name(8)}")).Expect(200);
        await own.Store.CompactAsync(own.Store.Current, TestContext.Current.CancellationToken);
        var expired = (await own.Admin.GetAsync($"{path}?limit=4&continue={first["metadata.continue"]}")).Expect(410);
        Assert.StartsWith(Old, expired.Message, StringComparison.Ordinal);
        Assert.Equal("Expired", (string?)expired["reason"]);
        var rest = (await own.Admin.GetAsync($"{path}?continue={expired["metadata.continue"]}")).Expect(200);
        Assert.Equal([4, 5, 6, 7, 9], Names(rest).Select(name => int.Parse(name[2..], CultureInfo.InvariantCulture)));
        Assert.NotEqual((string?)first["metadata.resourceVersion"], (string?)rest["metadata.resourceVersion"]);
        var exact = (await own.Admin.GetAsync($"{path}?resourceVersionMatch=Exact&resourceVersion={first["metadata.resourceVersion"]}")).Expect(410);
        Assert.Equal("The resourceVersion for the provided list is too old.", exact.Message);

        // Watches reach back beyond what lists do, as far as recent changes are kept; so those have to go first.
        for (var i = 0; i < 4200; i++)
        {
            await own.Store.WriteAsync(new WriteRequest("/core/podtemplates/other/t", Encoding.UTF8.GetBytes("""{"metadata":{"name":"t"} }"""), Precondition.Any), TestContext.Current.CancellationToken);
        }

        (await own.Admin.PostAsync(path, $$"""{"metadata":{"name":"last"},"template":{"spec":{"containers":[{"name":"c","image":"i"}]} } }""")).Expect(201);
        await foreach (var _ in own.Admin.WatchAsync($"{path}?watch=1&resourceVersion={own.Store.Current.Value - 1}&fieldSelector=metadata.name%3Dlast"))
        {
            break;
        }

        await own.Store.CompactAsync(own.Store.Current, TestContext.Current.CancellationToken);
        var watch = (await own.Admin.GetAsync($"{path}?watch=1&resourceVersion={first["metadata.resourceVersion"]}&timeoutSeconds=2")).Expect(200);
        Assert.Equal(("ERROR", 410, "Expired"), ((string?)watch["type"], (int)watch["object.code"]!, (string?)watch["object.reason"]));
        Assert.StartsWith($"too old resource version: {first["metadata.resourceVersion"]} (", (string?)watch["object.message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Shows_the_past_to_those_who_name_it_exactly()
    {
        var path = await FilledAsync(3);
        var before = (string)(await host.Admin.GetAsync(path)).Expect(200)["metadata.resourceVersion"]!;
        (await host.Admin.DeleteAsync($"{path}/{Name(0)}")).Expect(200);
        Assert.Equal(3, Names((await host.Admin.GetAsync($"{path}?resourceVersion={before}&resourceVersionMatch=Exact")).Expect(200)).Count);
        Assert.Equal(2, Names((await host.Admin.GetAsync($"{path}?resourceVersion={before}&resourceVersionMatch=NotOlderThan")).Expect(200)).Count);
        Assert.Equal(2, Names((await host.Admin.GetAsync($"{path}?resourceVersion={before}")).Expect(200)).Count);
        Assert.Equal(Name(0), Names((await host.Admin.GetAsync($"{path}?resourceVersion={before}&limit=1")).Expect(200))[0]);
        Assert.Equal(2, Names((await host.Admin.GetAsync($"{path}?resourceVersion=0&limit=1")).Expect(200)).Count);
    }

    [Theory]
    [InlineData("resourceVersion=999999999")]
    [InlineData("resourceVersion=999999999&resourceVersionMatch=NotOlderThan")]
    public async Task Waits_for_a_version_that_does_not_come(string query)
    {
        var reply = (await host.Admin.GetAsync("/api/v1/namespaces?" + query)).Expect(504);
        Assert.StartsWith("Timeout: Too large resource version: 999999999, current: ", reply.Message, StringComparison.Ordinal);
        Assert.Equal("Timeout", (string?)reply["reason"]);
        Assert.Equal("ResourceVersionTooLarge", (string?)reply["details.causes.0.reason"]);
        Assert.Equal("Too large resource version", (string?)reply["details.causes.0.message"]);
        Assert.Equal(1, (int)reply["details.retryAfterSeconds"]!);
    }

    [Theory]
    [InlineData("resourceVersionMatch=Exact", "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided")]
    [InlineData("resourceVersionMatch=Exact&resourceVersion=0", "resourceVersionMatch: Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"")]
    [InlineData("resourceVersionMatch=Newest&resourceVersion=1", "resourceVersionMatch: Unsupported value: \"Newest\": supported values: \"Exact\", \"NotOlderThan\", \"\"")]
    [InlineData("resourceVersionMatch=Exact&resourceVersion=1&continue=x", "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided")]
    [InlineData("sendInitialEvents=true", "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list")]
    [InlineData("watch=1&sendInitialEvents=true", "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")]
    [InlineData("watch=1&resourceVersionMatch=NotOlderThan", "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")]
    public async Task Refuses_combinations_that_mean_nothing(string query, string why)
    {
        var reply = (await host.Admin.GetAsync("/api/v1/namespaces?" + query)).Expect(422);
        Assert.Equal($"ListOptions.meta.k8s.io \"\" is invalid: {why}", reply.Message);
    }

    [Theory]
    [InlineData("/api/v1/namespaces?continue=abc&resourceVersion=5", "specifying resource version is not allowed when using continue")]
    [InlineData("/api/v1/namespaces?continue=e30", "invalid continue token: continue key is not valid: server does not recognize this encoded version \"\"")]
    [InlineData("/api/v1/namespaces?resourceVersion=-1", "invalid resource version: resourceVersion: Invalid value: \"-1\": strconv.ParseUint: parsing \"-1\": invalid syntax")]
    [InlineData("/api/v1/nodes?fieldSelector=metadata.namespace%3Dx", "field label not supported: metadata.namespace")]
    [InlineData("/api/v1/configmaps?fieldSelector=data.x%3Dx", "\"data.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")]
    [InlineData("/apis/batch/v1/jobs?fieldSelector=spec.x%3Dx", "field label \"spec.x\" not supported for batchv1.Job")]
    [InlineData("/api/v1/watch/namespaces/default/configmaps/a?fieldSelector=metadata.name%3Db", "fieldSelector metadata.name doesn't match requested name")]
    public async Task Says_what_is_wrong_with_a_query(string path, string why) => Assert.Equal(why, (await host.Admin.GetAsync(path)).Expect(400).Message);

    [Fact]
    public async Task Deletes_a_collection_page_by_page_if_asked_to()
    {
        var maps = $"/api/v1/namespaces/{await host.SpaceAsync()}/secrets";
        foreach (var name in (string[])["a", "b", "c", "d", "e"])
        {
            (await host.Admin.PostAsync(maps, $$$"""{"metadata":{"name":"{{{name}}}","labels":{"paged":"yes"} } }""")).Expect(201);
        }

        async Task<IEnumerable<string>> LeftAsync() => (await host.Admin.GetAsync($"{maps}?labelSelector=paged"))["items"]!.AsArray().Select(item => (string)item!["metadata"]!["name"]!);
        (await host.Admin.DeleteAsync($"{maps}?labelSelector=paged&limit=2")).Expect(200);
        Assert.Equal(["c", "d", "e"], await LeftAsync());
        var next = (string)(await host.Admin.GetAsync($"{maps}?labelSelector=paged&limit=1"))["metadata.continue"]!;
        (await host.Admin.DeleteAsync($"{maps}?labelSelector=paged&limit=1&continue={next}")).Expect(200);
        Assert.Equal(["c", "e"], await LeftAsync());
        (await host.Admin.DeleteAsync($"{maps}?labelSelector=paged")).Expect(200);
        Assert.Empty(await LeftAsync());
    }

    [Fact]
    public async Task Selects_by_the_fields_of_a_kind()
    {
        var space = await host.SpaceAsync();
        var pods = $"/api/v1/namespaces/{space}/pods";
        (await host.Admin.PostAsync(pods, """{"metadata":{"name":"a"},"spec":{"nodeName":"n1","restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}""")).Expect(201);
        (await host.Admin.PostAsync(pods, """{"metadata":{"name":"b"},"spec":{"hostNetwork":true,"containers":[{"name":"c","image":"i"}]}}""")).Expect(201);
        async Task<string> Found(string selector) => string.Join(",", Names((await host.Admin.GetAsync($"{pods}?fieldSelector={Uri.EscapeDataString(selector)}")).Expect(200)));
        Assert.Equal("a", await Found("spec.nodeName=n1"));
        Assert.Equal("b", await Found("spec.nodeName="));
        Assert.Equal("a", await Found("spec.restartPolicy=Never,status.phase=Pending"));
        Assert.Equal("b", await Found("spec.hostNetwork=true"));
        Assert.Equal("a", await Found("spec.hostNetwork=false"));
        Assert.Equal("b", await Found("metadata.name!=a"));
        Assert.Equal("a", await Found("metadata.name=a,metadata.namespace=" + space));
        Assert.Equal("", await Found("metadata.name=a,spec.schedulerName=other"));
    }

    [Fact]
    public async Task Compresses_long_answers_for_those_who_ask()
    {
        var space = await host.SpaceAsync();
        var path = $"/api/v1/namespaces/{space}/configmaps";
        for (var i = 0; i < 3; i++)
        {
            (await host.Admin.PostAsync(path, $$$"""{"metadata":{"name":"{{{Name(i)}}}"},"data":{"text":"{{{new string('x', 60_000)}}}"}}""")).Expect(201);
        }

        var reply = await host.Admin.SendBytesAsync(HttpMethod.Get, path, null, ApiCaller.Json, ApiCaller.Json, ("Accept-Encoding", "gzip"));
        Assert.Equal("gzip", Assert.Single(reply.Expect(200).ContentHeaders.ContentEncoding));
        Assert.Equal("Accept-Encoding", Assert.Single(reply.Headers.Vary));
        await using var plain = new GZipStream(new MemoryStream(reply.Bytes), CompressionMode.Decompress);
        var list = await JsonNode.ParseAsync(plain, cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(((JsonArray)list!["items"]!).Count >= 3);
        var single = await host.Admin.SendBytesAsync(HttpMethod.Get, $"{path}/{Name(0)}", null, ApiCaller.Json, ApiCaller.Json, ("Accept-Encoding", "gzip"));
        Assert.Empty(single.Expect(200).ContentHeaders.ContentEncoding);
    }

    [Fact]
    public async Task Indents_for_people()
    {
        var reply = (await host.Admin.GetAsync("/api/v1/namespaces/default?pretty=true")).Expect(200);
        Assert.StartsWith("{\n  \"kind\": \"Namespace\",\n  \"apiVersion\": \"v1\",\n  \"metadata\": {\n    ", Encoding.UTF8.GetString(reply.Bytes), StringComparison.Ordinal);
        Assert.EndsWith("}\n", (await host.Admin.GetAsync("/api/v1/namespaces/default")).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HEAD")]
    [InlineData("OPTIONS")]
    public async Task Refuses_methods_that_resources_do_not_have(string method) =>
        (await host.Admin.SendAsync(new HttpMethod(method), "/api/v1/namespaces/default", null)).Expect(405);

    private async Task<string> FilledAsync(int count, ApiHost? other = null)
    {
        var target = other ?? host;
        var space = await target.SpaceAsync();
        var path = $"/api/v1/namespaces/{space}/podtemplates";
        for (var i = 0; i < count; i++)
        {
            (await target.Admin.PostAsync(path, $$"""{"metadata":{"name":"{{Name(i)}}"},"template":{"spec":{"containers":[{"name":"c","image":"i"}]} } }""")).Expect(201);
        }

        return path;
    }

    private static string Name(int i) => string.Create(CultureInfo.InvariantCulture, $"t-{i:D3}");

    private static List<string> Names(Reply list) => [.. ((JsonArray)list["items"]!).Select(item => (string)item!["metadata"]!["name"]!)];
}
