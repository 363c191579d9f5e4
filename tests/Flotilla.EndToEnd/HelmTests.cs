using System.Text.RegularExpressions;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd;

/// <summary>The life of a release of <c>examples/chart</c>, with helm 3 (client-side merges) and helm 4 (server-side apply).</summary>
public sealed class HelmTests(Cluster cluster)
{
    private static readonly string Chart = Path.Combine(Repository.Root, "examples", "chart");

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public async Task A_release_is_installed_upgraded_rolled_back_tested_and_uninstalled(int major)
    {
        await using var space = await Space.CreateAsync(cluster);
        Task<CommandOutput> Run(params string[] arguments) => cluster.HelmAsync(major, ["-n", space.Name, .. arguments]);
        async Task<string> Ok(params string[] arguments) => (await Run(arguments)).Success();

        Assert.Contains("shop shows 2 pages", await Ok("install", "shop", Chart, "--wait", "--timeout", "90s"), StringComparison.Ordinal);
        await AssertReadyAsync(space);
        Assert.Equal("10", await space.FieldAsync("page/shop-home", ".spec.weight"));
        Assert.Matches($@"shop\s+{space.Name}\s+1\s.*\sdeployed\s+shop-1.0.0\s+1.0", await Ok("list"));
        Assert.Contains("STATUS: deployed", await Ok("status", "shop"), StringComparison.Ordinal);
        Assert.Contains("kind: CronJob", await Ok("get", "manifest", "shop"), StringComparison.Ordinal);
        await AssertHooksAsync(space, "pre-install 1", "post-install 1");
        await AssertTestedAsync(space, Ok, "welcome");

        var password = await space.FieldAsync("secret/shop-store", ".data.password");
        await Ok("upgrade", "shop", Chart, "--wait", "--timeout", "90s", "--set", "window.greeting=goodbye");
        await AssertHooksAsync(space, "pre-install 1", "post-install 1", "pre-upgrade 2");
        await AssertTestedAsync(space, Ok, "goodbye");
        Assert.Equal(password, await space.FieldAsync("secret/shop-store", ".data.password"));

        var failed = await Run("upgrade", "shop", Chart, "--wait", "--timeout", "5s", "--set", "window.command=/bin/nonsense", major == 3 ? "--atomic" : "--rollback-on-failure");
        Assert.Contains("has been rolled back", failed.Failure(), StringComparison.Ordinal);
        Assert.Matches(@"3\s.*\sfailed\s[\s\S]*4\s.*\sdeployed\s.*Rollback to 2", await Ok("history", "shop"));
        Assert.Contains("minimum", (await Run("upgrade", "shop", Chart, "--set", "window.replicas=0")).Failure().Replace("greater than or equal", "minimum", StringComparison.Ordinal), StringComparison.Ordinal);

        await Ok("rollback", "shop", "1", "--wait", "--timeout", "90s");
        Assert.Equal("welcome", await space.FieldAsync("configmap/shop-window", ".data.greeting"));
        await AssertReadyAsync(space);

        await Ok("uninstall", "shop", "--wait", "--timeout", "90s");

        // Helm leaves what hooks made: here the settings of the Jobs and the pod of the last test.
        await Eventually.GetAsync(
            () => space.OkAsync("get", "deployments,statefulsets,pods,services,secrets,pages,cronjobs,ingresses,hpa,pdb,roles", "-o", "name"),
            left => left == "pod/shop-window-test");
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public async Task A_chart_is_checked_by_the_server_and_nothing_is_stored(int major)
    {
        await using var space = await Space.CreateAsync(cluster);
        Task<CommandOutput> Run(params string[] arguments) => cluster.HelmAsync(major, ["-n", space.Name, .. arguments]);
        await cluster.KubectlOkAsync("apply", "-f", Path.Combine(Chart, "crds"));
        await cluster.KubectlOkAsync("wait", "--for=condition=Established", "crd/pages.shop.example.com", "--timeout=30s");

        Assert.Contains("shop shows 2 pages", (await Run("install", "shop", Chart, "--dry-run=server")).Success(), StringComparison.Ordinal);
        Assert.Contains("kind: Page", (await Run("template", "shop", Chart, "--validate")).Success(), StringComparison.Ordinal);
        var title = new string('x', 50);
        var refused = await Run("install", "shop", Chart, "--set", $"pages[0].name=home,pages[0].title={title}");
        Assert.Contains("spec.title: Too long: may not be more than 40 bytes", refused.Failure(), StringComparison.Ordinal);
        Assert.Contains("release: not found", (await Run("status", "other")).Failure(), StringComparison.Ordinal);
    }

    // The window's autoscaler may want more than two on a busy machine.
    private static Task AssertReadyAsync(Space space) => Eventually.GetAsync(
        async () => string.Join(' ', [
            await space.FieldAsync("deployment/shop-window", ".spec.replicas"),
            await space.FieldAsync("deployment/shop-window", ".status.readyReplicas"),
            await space.FieldAsync("statefulset/shop-store", ".status.readyReplicas"),
            await space.FieldAsync("deployment/shop-counter", ".status.readyReplicas"),
        ]),
        ready => Regex.IsMatch(ready, @"^([2-9]) \1 1 1$", RegexOptions.None, TimeSpan.FromSeconds(1)));

    private static async Task AssertHooksAsync(Space space, params string[] expected)
    {
        var path = "jsonpath={range .items[*]}{.metadata.annotations.helm\\.sh/hook} {.data.revision}{\"\\n\"}{end}";
        var settings = await space.OkAsync("get", "configmaps", "-l", "app.kubernetes.io/name in (pre-install,post-install,pre-upgrade)", "-o", path);
        Assert.Equal(expected.Order(), settings.Split('\n').Order());

        // The policy hook-succeeded: each Job was deleted when it was done.
        Assert.Equal("", await space.OkAsync("get", "jobs", "-o", "name"));
    }

    private static async Task AssertTestedAsync(Space space, Func<string[], Task<string>> helm, string greeting)
    {
        Assert.Contains("Succeeded", await helm(["test", "shop", "--timeout", "60s"]), StringComparison.Ordinal);
        Assert.Contains($"SOME_ENV={greeting}", await space.OkAsync("logs", "shop-window-test"), StringComparison.Ordinal);
    }
}
