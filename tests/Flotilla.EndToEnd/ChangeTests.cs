using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd;

/// <summary>The ways kubectl changes objects, in its oldest and newest version: apply, diff, replace, patch, edit.</summary>
public sealed class ChangeTests(Cluster cluster)
{
    private const string Managers = "jsonpath={range .metadata.managedFields[*]}{.manager} {.operation}{\"\\n\"}{end}";

    [Theory]
    [InlineData(32)]
    [InlineData(35)]
    public async Task Ownership_is_migrated_contested_and_forced(int minor)
    {
        await using var space = await Space.CreateAsync(cluster);
        Task<CommandOutput> Apply(string value, params string[] flags) => space.RunAsync(minor, Settings(value), ["apply", "-f", "-", .. flags]);

        (await Apply("red")).Success();
        Assert.Contains("serverside-applied", (await Apply("red", "--server-side")).Success(), StringComparison.Ordinal);

        // Their order is that of their times, and kubectl applies more than once.
        var managers = await space.OkAsync("get", "configmap", "settings", "--show-managed-fields", "-o", Managers);
        Assert.Equal(["kubectl Apply", "kubectl-last-applied Apply"], managers.Split('\n').Order(StringComparer.Ordinal));

        var conflict = (await Apply("blue", "--server-side", "--field-manager=other")).Failure();
        Assert.Contains("Apply failed with 1 conflict: conflict with \"kubectl\": .data.color", conflict, StringComparison.Ordinal);
        Assert.Equal("red", await space.FieldAsync("configmap/settings", ".data.color"));

        (await Apply("blue", "--server-side", "--field-manager=other", "--force-conflicts")).Success();
        Assert.Equal("blue", await space.FieldAsync("configmap/settings", ".data.color"));
        (await Apply("blue", "--server-side")).Success();
    }

    [Theory]
    [InlineData(32)]
    [InlineData(35)]
    public async Task Differences_are_shown_and_not_stored(int minor)
    {
        await using var space = await Space.CreateAsync(cluster);
        (await space.RunAsync(minor, Settings("red"), "apply", "--server-side", "-f", "-")).Success();

        Assert.Equal("", (await space.RunAsync(minor, Settings("red"), "diff", "--server-side", "-f", "-")).Success());
        foreach (var flag in new[] { "--server-side=false", "--server-side" })
        {
            var different = await space.RunAsync(minor, Settings("blue"), "diff", flag, "-f", "-");
            Assert.Equal(1, different.ExitCode);
            Assert.Contains("-  color: red", different.Output, StringComparison.Ordinal);
            Assert.Contains("+  color: blue", different.Output, StringComparison.Ordinal);
        }

        Assert.Equal("red", await space.FieldAsync("configmap/settings", ".data.color"));
    }

    [Theory]
    [InlineData(32)]
    [InlineData(35)]
    public async Task Objects_are_replaced_patched_and_edited(int minor)
    {
        await using var space = await Space.CreateAsync(cluster);
        async Task<string> Ok(params string[] arguments) => (await space.RunAsync(minor, null, arguments)).Success();
        (await space.RunAsync(minor, Manifests.Deployment("app", 0), "create", "-f", "-")).Success();
        var uid = await space.FieldAsync("deployment/app", ".metadata.uid");

        Assert.Contains("replaced", (await space.RunAsync(minor, Manifests.Deployment("app", 0), "replace", "-f", "-")).Success(), StringComparison.Ordinal);
        Assert.Equal(uid, await space.FieldAsync("deployment/app", ".metadata.uid"));
        Assert.Contains("replaced", (await space.RunAsync(minor, Manifests.Deployment("app", 0), "replace", "--force", "-f", "-")).Success(), StringComparison.Ordinal);
        Assert.NotEqual(uid, await space.FieldAsync("deployment/app", ".metadata.uid"));
        Assert.Contains("NotFound", (await space.RunAsync(minor, Manifests.Deployment("none", 0), "replace", "-f", "-")).Failure(), StringComparison.Ordinal);

        await Ok("patch", "deployment", "app", "--type=strategic", "-p", """{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"A","value":"1"}]}]}}}}""");
        await Ok("patch", "deployment", "app", "--type=merge", "-p", """{"spec":{"paused":true}}""");
        await Ok("patch", "deployment", "app", "--type=json", "-p", """[{"op":"test","path":"/spec/paused","value":true},{"op":"remove","path":"/spec/paused"}]""");
        Assert.Equal(["A", "SOME_ENV"], (await Ok("get", "deployment", "app", "-o", "jsonpath={.spec.template.spec.containers[0].env[*].name} {.spec.paused}")).Split(' ').Order());
        Assert.Contains("patched", await Ok("patch", "deployment", "app", "--subresource=scale", "--type=merge", "-p", """{"spec":{"replicas":1}}"""), StringComparison.Ordinal);
        Assert.Equal("1", await space.FieldAsync("deployment/app", ".spec.replicas"));
        await Ok("create", "quota", "limits", "--hard=pods=9");
        await Ok("patch", "quota", "limits", "--subresource=status", "--type=merge", "-p", """{"status":{"used":{"services":"7"}},"spec":{"hard":{"pods":"1"}}}""");
        Assert.Equal("9", await space.FieldAsync("quota/limits", ".spec.hard.pods"));

        Assert.Contains("edited", (await cluster.EditAsync(minor, "s/replicas: 1/replicas: 0/", "-n", space.Name, "deployment", "app")).Success(), StringComparison.Ordinal);
        Assert.Equal("0", await space.FieldAsync("deployment/app", ".spec.replicas"));
        Assert.Contains("no changes made", (await cluster.EditAsync(minor, "s/x/x/", "-n", space.Name, "deployment", "app")).All, StringComparison.Ordinal);
        Assert.NotEmpty((await cluster.EditAsync(minor, "s/replicas: 0/replicas: -1/", "-n", space.Name, "deployment", "app")).Failure());
    }

    private static string Settings(string color) => $$"""
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings}
        data: {color: {{color}}}
        """;
}
