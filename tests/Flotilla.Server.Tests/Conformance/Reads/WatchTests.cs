using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Reads;

/// <summary>Watchers: what they see, from where, and that nothing is lost or repeated.</summary>
public sealed class WatchTests(ApiHost host)
{
    [Fact]
    public async Task Observes_add_update_and_delete_notifications_on_configmaps()
    {
        var path = await SpaceAsync();
        var version = await VersionAsync(path);
        await MakeAsync(path, "a", "multi-a");
        await MakeAsync(path, "b", "multi-b");
        await ChangeAsync(path, "a", "1");
        await ChangeAsync(path, "a", "2");
        await DropAsync(path, "a");
        await DropAsync(path, "b");
        Assert.Equal(["ADDED a", "MODIFIED a 1", "MODIFIED a 2", "DELETED a 2"], await SeeAsync($"{path}?watch=1&resourceVersion={version}&labelSelector=watch%3Dmulti-a", 4));
        Assert.Equal(["ADDED b", "DELETED b"], await SeeAsync($"{path}?watch=1&resourceVersion={version}&labelSelector=watch%3Dmulti-b", 2));
        Assert.Equal(6, (await SeeAsync($"{path}?watch=1&resourceVersion={version}&labelSelector=watch%20in%20(multi-a,multi-b)", 6)).Count);
    }

    [Fact]
    public async Task Starts_watching_from_a_specific_resource_version()
    {
        var path = await SpaceAsync();
        await MakeAsync(path, "a", "x");
        var first = await ChangeAsync(path, "a", "1");
        await ChangeAsync(path, "a", "2");
        await DropAsync(path, "a");
        Assert.Equal(["MODIFIED a 2", "DELETED a 2"], await SeeAsync($"{path}?watch=1&resourceVersion={first}&labelSelector=watch", 2));
    }

    [Fact]
    public async Task Restarts_watching_from_the_last_resource_version_observed()
    {
        var path = await SpaceAsync();
        var version = await VersionAsync(path);
        await MakeAsync(path, "a", "x");
        await ChangeAsync(path, "a", "1");
        var last = "";
        var seen = 0;
        await foreach (var change in host.Admin.WatchAsync($"{path}?watch=1&resourceVersion={version}&labelSelector=watch&timeoutSeconds=10"))
        {
            last = (string)change["object"]!["metadata"]!["resourceVersion"]!;
            if (++seen == 2)
            {
                break;
            }
        }

        await ChangeAsync(path, "a", "2");
        await DropAsync(path, "a");
        Assert.Equal(["MODIFIED a 2", "DELETED a 2"], await SeeAsync($"{path}?watch=1&resourceVersion={last}&labelSelector=watch", 2));
    }

    [Fact]
    public async Task Observes_an_object_deletion_if_it_stops_meeting_the_requirements_of_the_selector()
    {
        var path = await SpaceAsync();
        var version = await VersionAsync(path);
        await MakeAsync(path, "a", "yes");
        await ChangeAsync(path, "a", "1");
        await LabelAsync(path, "a", "no");
        await ChangeAsync(path, "a", "2");
        await LabelAsync(path, "a", "yes");
        await ChangeAsync(path, "a", "3");
        await DropAsync(path, "a");
        Assert.Equal(["ADDED a", "MODIFIED a 1", "DELETED a 1", "ADDED a 2", "MODIFIED a 3", "DELETED a 3"], await SeeAsync($"{path}?watch=1&resourceVersion={version}&labelSelector=watch%3Dyes", 6));
    }

    [Fact]
    public async Task Receives_events_on_concurrent_watches_in_the_same_order()
    {
        var path = await SpaceAsync();
        var version = await VersionAsync(path);
        var watches = Enumerable.Range(0, 10).Select(_ => SeeAsync($"{path}?watch=1&resourceVersion={version}&labelSelector=watch", 60)).ToList();
        await Parallel.ForEachAsync(Enumerable.Range(0, 20), async (i, _) =>
        {
            await MakeAsync(path, $"c-{i}", "x");
            await ChangeAsync(path, $"c-{i}", "1");
            await DropAsync(path, $"c-{i}");
        });
        var all = await Task.WhenAll(watches);
        Assert.All(all, seen => Assert.Equal(all[0], seen));
    }

    [Fact]
    public async Task Begins_with_what_is_there_and_says_when_that_was_all()
    {
        var path = await SpaceAsync();
        await MakeAsync(path, "a", "x");
        await MakeAsync(path, "b", "x");
        var seen = new List<JsonObject>();
        await foreach (var change in host.Admin.WatchAsync($"{path}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=watch&timeoutSeconds=10"))
        {
            seen.Add(change);
            if ((string?)change["type"] == "BOOKMARK")
            {
                break;
            }
        }

        Assert.Equal(["ADDED", "ADDED", "BOOKMARK"], seen.Select(change => (string?)change["type"]));
        Assert.Equal("true", (string?)seen[^1]["object"]!["metadata"]!["annotations"]!["k8s.io/initial-events-end"]);
        Assert.Equal("ConfigMap", (string?)seen[^1]["object"]!["kind"]);
    }

    [Fact]
    public async Task Bookmarks_a_quiet_watch_before_its_time_is_up()
    {
        var path = await SpaceAsync();
        var version = await VersionAsync(path);
        await MakeAsync(await SpaceAsync(), "elsewhere", "x");
        var seen = await SeeAsync($"{path}?watch=1&resourceVersion={version}&allowWatchBookmarks=true&labelSelector=watch&timeoutSeconds=3", 5);
        Assert.Equal(["BOOKMARK"], seen.Select(change => change.Split(' ')[0]).Distinct());
    }

    [Fact]
    public async Task Watches_one_object_by_its_name_in_a_selector_while_a_path_with_a_name_is_a_plain_read()
    {
        var path = await SpaceAsync();
        await MakeAsync(path, "a", "x");
        await MakeAsync(path, "b", "x");
        Assert.Equal(["ADDED a"], await SeeAsync($"{path}?watch=1&fieldSelector=metadata.name%3Da&timeoutSeconds=1", 5));
        Assert.Equal("ConfigMap", (string?)(await host.Admin.GetAsync($"{path}/a?watch=1")).Expect(200)["kind"]);
    }

    [Fact]
    public async Task Offers_no_stream_of_YAML() => Assert.Contains(
        "only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch",
        (await host.Admin.GetAsync("/api/v1/namespaces?watch=1", "application/yaml")).Expect(406).Text.ReplaceLineEndings(" ").Replace("  ", " ", StringComparison.Ordinal),
        StringComparison.Ordinal);

    private async Task<string> SpaceAsync() => $"/api/v1/namespaces/{await host.SpaceAsync()}/configmaps";

    private async Task<string> VersionAsync(string path) => (string)(await host.Admin.GetAsync(path)).Expect(200)["metadata.resourceVersion"]!;

    private async Task MakeAsync(string path, string name, string label) =>
        (await host.Admin.PostAsync(path, $$"""{"metadata":{"name":"{{name}}","labels":{"watch":"{{label}}"} } }""")).Expect(201);

    private async Task<string> ChangeAsync(string path, string name, string value) =>
        (string)(await host.Admin.PatchAsync($"{path}/{name}", $$$"""{"data":{"mutation":"{{{value}}}"}}""")).Expect(200)["metadata.resourceVersion"]!;

    private async Task LabelAsync(string path, string name, string label) =>
        (await host.Admin.PatchAsync($"{path}/{name}", $$"""{"metadata":{"labels":{"watch":"{{label}}"} } }""")).Expect(200);

    private async Task DropAsync(string path, string name) => (await host.Admin.DeleteAsync($"{path}/{name}")).Expect(200);

    private async Task<List<string>> SeeAsync(string path, int count)
    {
        var seen = new List<string>();
        await foreach (var change in host.Admin.WatchAsync(path + (path.Contains("timeoutSeconds", StringComparison.Ordinal) ? "" : "&timeoutSeconds=15")))
        {
            seen.Add($"{change["type"]} {change["object"]!["metadata"]!["name"]} {change["object"]!["data"]?["mutation"]}".TrimEnd());
            if (seen.Count == count)
            {
                break;
            }
        }

        return seen;
    }
}
