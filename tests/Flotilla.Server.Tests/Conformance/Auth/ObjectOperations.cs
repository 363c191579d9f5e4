using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Auth;

/// <summary>What conformance asks of every cluster-scoped resource: found in discovery, and all its verbs work.</summary>
internal sealed class ObjectOperations(ApiHost host, string group, string plural)
{
    private readonly string path = $"/apis/{group}/v1/{plural}";

    /// <param name="create">An object of that name with these labels.</param>
    /// <param name="subresources">Each answers get, patch and update.</param>
    public async Task RunAsync(Func<string, JsonObject, JsonObject> create, params string[] subresources)
    {
        await DiscoverAsync(subresources);
        var label = $"test={plural}";
        var labels = new JsonObject { ["test"] = plural };
        var made = (await host.Admin.PostAsync(path, create($"{plural}-one", (JsonObject)labels.DeepClone()))).Expect(201);
        (await host.Admin.PostAsync(path, create($"{plural}-two", (JsonObject)labels.DeepClone()))).Expect(201);
        (await host.Admin.PostAsync(path, create($"{plural}-three", (JsonObject)labels.DeepClone()))).Expect(201);
        var list = (await host.Admin.GetAsync($"{path}?labelSelector={label}")).Expect(200);
        Assert.Equal(3, ((JsonArray)list["items"]!).Count);
        var one = $"{path}/{plural}-one";
        Assert.Equal((string?)made["metadata.uid"], (string?)(await host.Admin.GetAsync(one)).Expect(200)["metadata.uid"]);

        var watching = WatchAsync($"{path}?watch=1&labelSelector={label}&resourceVersion={list["metadata.resourceVersion"]}", $"{plural}-one");
        var patched = (await host.Admin.PatchAsync(one, """{"metadata":{"annotations":{"patched":"true"}}}""")).Expect(200);
        Assert.Equal("true", (string?)patched["metadata.annotations.patched"]);
        await UpdateAsync(one, "updated");
        foreach (var name in subresources)
        {
            (await host.Admin.GetAsync($"{one}/{name}")).Expect(200);
            var changed = (await host.Admin.PatchAsync($"{one}/{name}", $$$"""{"metadata":{"annotations":{"patched-{{{name}}}":"true"} } }""")).Expect(200);
            Assert.Equal("true", (string?)changed["metadata"]!["annotations"]![$"patched-{name}"]);
            await UpdateAsync(one, $"updated-{name}", $"/{name}");
        }

        (await host.Admin.DeleteAsync(one)).Expect(200);
        Assert.Equal("MODIFIED DELETED", await watching);
        (await host.Admin.GetAsync(one)).Expect(404);
        (await host.Admin.DeleteAsync($"{path}?labelSelector={label}")).Expect(200);
        Assert.Empty((JsonArray)(await host.Admin.GetAsync($"{path}?labelSelector={label}")).Expect(200)["items"]!);
    }

    private async Task DiscoverAsync(string[] subresources)
    {
        var groups = (JsonArray)(await host.Admin.GetAsync("/apis")).Expect(200)["groups"]!;
        Assert.Contains(group, groups.Select(item => (string?)item!["name"]));
        var versions = (JsonArray)(await host.Admin.GetAsync($"/apis/{group}")).Expect(200)["versions"]!;
        Assert.Contains("v1", versions.Select(item => (string?)item!["version"]));
        var resources = (JsonArray)(await host.Admin.GetAsync($"/apis/{group}/v1")).Expect(200)["resources"]!;
        Assert.Superset(subresources.Select(name => $"{plural}/{name}").Append(plural).ToHashSet(), resources.Select(item => (string)item!["name"]!).ToHashSet());
    }

    private async Task UpdateAsync(string one, string mark, string below = "")
    {
        while (true)
        {
            var current = (await host.Admin.GetAsync(one + below)).Expect(200).Body;
            current["metadata"]!["annotations"]![mark] = "true";
            var reply = await host.Admin.PutAsync(one + below, current);
            if (reply.Code != 409)
            {
                Assert.Equal("true", (string?)reply.Expect(200)["metadata"]!["annotations"]![mark]);
                return;
            }
        }
    }

    private async Task<string> WatchAsync(string watch, string name)
    {
        var types = new List<string>();
        await foreach (var change in host.Admin.WatchAsync(watch))
        {
            var type = (string)change["type"]!;
            if ((string?)change["object"]!["metadata"]!["name"] == name && !types.Contains(type))
            {
                types.Add(type);
            }

            if (type == "DELETED")
            {
                break;
            }
        }

        return string.Join(' ', types);
    }
}
