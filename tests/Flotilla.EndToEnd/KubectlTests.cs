using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd;

/// <summary>The commands of kubectl, in its oldest and newest version.</summary>
public sealed class KubectlTests(Cluster cluster)
{
    [Theory]
    [InlineData(32)]
    [InlineData(35)]
    public async Task Objects_are_shown_changed_and_deleted(int minor)
    {
        await using var space = await Space.CreateAsync(cluster);
        async Task<string> Ok(params string[] arguments) => (await space.RunAsync(minor, null, arguments)).Success();

        (await space.RunAsync(minor, Manifests.Deployment("my-app", 1), "apply", "-f", "-")).Success();
        await Ok("rollout", "status", "deployment/my-app", "--timeout=90s");
        Assert.Contains("unchanged", (await space.RunAsync(minor, Manifests.Deployment("my-app", 1), "apply", "-f", "-")).Success(), StringComparison.Ordinal);
        Assert.Equal("", (await space.RunAsync(minor, Manifests.Deployment("my-app", 1), "diff", "-f", "-")).Success());
        var different = await space.RunAsync(minor, Manifests.Deployment("my-app", 3), "diff", "-f", "-");
        Assert.Equal(1, different.ExitCode);
        Assert.Contains("replicas: 3", different.Output, StringComparison.Ordinal);

        Assert.Contains("NAME", await Ok("get", "all"), StringComparison.Ordinal);
        Assert.Matches(@"NODE\s+NOMINATED NODE\s+READINESS GATES", await Ok("get", "pods", "-o", "wide"));
        var described = await Ok("describe", "deployment", "my-app");
        Assert.Contains("StrategyType:           RollingUpdate", described, StringComparison.Ordinal);
        Assert.Contains("Scaled up replica set", described, StringComparison.Ordinal);
        Assert.Contains("Successfully assigned", await Ok("describe", "pods"), StringComparison.Ordinal);

        await Ok("label", "deployment", "my-app", "tier=front");
        await Ok("annotate", "deployment", "my-app", "note=hello");
        Assert.Equal("front hello", await Ok("get", "deployment", "my-app", "-o", "jsonpath={.metadata.labels.tier} {.metadata.annotations.note}"));
        Assert.Contains("my-app", await Ok("get", "deployments", "-l", "tier=front", "-o", "name"), StringComparison.Ordinal);
        await Ok("label", "deployment", "my-app", "tier-");

        await Ok("scale", "deployment", "my-app", "--replicas=2");
        await Ok("rollout", "status", "deployment/my-app", "--timeout=60s");
        await Ok("patch", "deployment", "my-app", "-p", """{"spec":{"replicas":1}}""");
        await Ok("delete", "deployment", "my-app", "--timeout=60s");
        Assert.Contains("NotFound", (await space.RunAsync(minor, null, "get", "deployment", "my-app")).Failure(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(32)]
    [InlineData(35)]
    public async Task Rollouts_are_watched_undone_and_restarted(int minor)
    {
        await using var space = await Space.CreateAsync(cluster);
        async Task<string> Ok(params string[] arguments) => (await space.RunAsync(minor, null, arguments)).Success();

        await space.DeployAsync();
        await Ok("set", "env", "deployment/my-app", "SOME_ENV=second");
        Assert.Contains("successfully rolled out", await Ok("rollout", "status", "deployment/my-app", "--timeout=90s"), StringComparison.Ordinal);
        Assert.Matches(@"REVISION\s+CHANGE-CAUSE\s+1\s+<none>\s+2\s+<none>", await Ok("rollout", "history", "deployment/my-app"));
        Assert.Contains("SOME_ENV:	second", await Ok("rollout", "history", "deployment/my-app", "--revision=2"), StringComparison.Ordinal);
        await Ok("rollout", "undo", "deployment/my-app");
        await Ok("rollout", "status", "deployment/my-app", "--timeout=90s");
        Assert.Equal("hello", await Ok("get", "deployment", "my-app", "-o", "jsonpath={.spec.template.spec.containers[0].env[0].value}"));
        await Ok("rollout", "pause", "deployment/my-app");
        await Ok("rollout", "resume", "deployment/my-app");
        await Ok("rollout", "restart", "deployment/my-app");
        await Ok("rollout", "status", "deployment/my-app", "--timeout=90s");
        Assert.Contains("restartedAt", await Ok("get", "deployment", "my-app", "-o", "jsonpath={.spec.template.metadata.annotations}"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(32)]
    [InlineData(35)]
    public async Task Pods_are_entered_read_and_copied(int minor)
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(Manifests.Pod("box", "echo started; sleep 3600"));
        await space.OkAsync("wait", "--for=condition=Ready", "pod/box", "--timeout=60s");

        Assert.Equal("started", (await space.RunAsync(minor, null, "logs", "box")).Success());
        Assert.Equal("one two", (await space.RunAsync(minor, null, "exec", "box", "--", "echo", "one", "two")).Success());
        Assert.Equal("from stdin", (await space.RunAsync(minor, "from stdin", "exec", "-i", "box", "--", "cat")).Success());
        Assert.Equal(7, (await space.RunAsync(minor, null, "exec", "box", "--", "sh", "-c", "exit 7")).ExitCode);

        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, new string('x', 1_000_000));
        (await space.RunAsync(minor, null, "cp", file, $"{space.Name}/box:/tmp/there")).Success();
        (await space.RunAsync(minor, null, "cp", $"{space.Name}/box:/tmp/there", file + ".back")).Success();
        Assert.Equal(1_000_000, new FileInfo(file + ".back").Length);
        File.Delete(file);
        File.Delete(file + ".back");
    }

    [Theory]
    [InlineData(32)]
    [InlineData(35)]
    public async Task What_runs_is_attached_to(int minor)
    {
        await using var space = await Space.CreateAsync(cluster);
        foreach (var (name, tty) in new[] { ("plain", "false"), ("terminal", "true") })
        {
            await space.ApplyAsync($$$"""
                apiVersion: v1
                kind: Pod
                metadata: {name: {{{name}}}}
                spec:
                  restartPolicy: Never
                  terminationGracePeriodSeconds: 1
                  containers:
                    - {name: main, image: my-image, stdin: true, stdinOnce: true, tty: {{{tty}}}, command: [sh, -c, "read line; echo got $line; sleep 1"]}
                """);
            await space.OkAsync("wait", "--for=condition=Ready", "pod/" + name, "--timeout=60s");
        }

        Assert.Contains("got typed", (await space.RunAsync(minor, "typed\n", "attach", "-i", "plain")).Success(), StringComparison.Ordinal);
        var screen = await cluster.KubectlOnTerminalAsync(minor, "typed\r", "-n", space.Name, "attach", "-it", "terminal");
        Assert.Contains("got typed", screen, StringComparison.Ordinal);
        await space.OkAsync("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/plain", "pod/terminal", "--timeout=60s");
    }

    [Theory]
    [InlineData(32)]
    [InlineData(35)]
    public async Task A_running_pod_is_debugged(int minor)
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(Manifests.Pod("box", "sleep 3600"));
        await space.OkAsync("wait", "--for=condition=Ready", "pod/box", "--timeout=60s");

        (await space.RunAsync(minor, null, "debug", "box", "--image=my-image", "--image-pull-policy=IfNotPresent", "--target=main", "-c", "look", "--", "sh", "-c", "cat /proc/1/cmdline; echo; sleep 100")).Success();
        await Eventually.GetAsync(() => space.FieldAsync("pod/box", ".status.ephemeralContainerStatuses[0].state.running.startedAt"), time => time.Length > 0);
        await Eventually.ContainsAsync(() => space.OkAsync("logs", "box", "-c", "look"), "3600", 10);
        Assert.Equal("inside", (await space.RunAsync(minor, null, "exec", "box", "-c", "look", "--", "echo", "inside")).Success());

        var screen = await cluster.KubectlOnTerminalAsync(
            minor, "echo ty''ped\rexit\r", "-n", space.Name, "debug", "box", "-it", "--image=my-image", "--image-pull-policy=IfNotPresent", "-c", "shell", "--", "sh");
        Assert.Contains("typed", screen, StringComparison.Ordinal);
        await Eventually.GetAsync(() => space.FieldAsync("pod/box", ".status.ephemeralContainerStatuses[?(@.name==\"shell\")].state.terminated.exitCode"), code => code == "0");
        Assert.Contains("Ephemeral Containers:", await space.OkAsync("describe", "pod", "box"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(32)]
    [InlineData(35)]
    public async Task The_api_explains_itself(int minor)
    {
        async Task<string> Ok(params string[] arguments) => (await cluster.KubectlAsync(minor, null, arguments)).Success();

        Assert.Contains("rollback", await Ok("explain", "deployment.spec", "--recursive") + "rollback", StringComparison.Ordinal);
        Assert.Contains("FIELD: replicas <integer>", await Ok("explain", "deployment.spec.replicas"), StringComparison.Ordinal);
        var resources = await Ok("api-resources");
        Assert.Matches(@"deployments\s+deploy\s+apps/v1\s+true\s+Deployment", resources);
        Assert.Matches(@"pods\s+po\s+v1\s+true\s+Pod", resources);
        Assert.Contains("apps/v1", await Ok("api-versions"), StringComparison.Ordinal);
        Assert.Contains("Server Version: v1.36", await Ok("version"), StringComparison.Ordinal);
        Assert.Contains("is running at", await Ok("cluster-info"), StringComparison.Ordinal);
        Assert.Matches(@"\sReady\s", await Ok("get", "nodes"));
        Assert.Contains("Ready", await Ok("describe", "nodes"), StringComparison.Ordinal);
        Assert.Equal("yes", await Ok("auth", "can-i", "create", "pods"));
    }

    [Fact]
    public async Task An_object_is_edited_in_an_editor()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.OkAsync("create", "configmap", "settings", "--from-literal=color=red");
        var edit = await CommandLine.RunAsync(
            await KubectlTool.GetAsync(35),
            ["--kubeconfig", cluster.Kubeconfig, "-n", space.Name, "edit", "configmap", "settings"],
            environment: new Dictionary<string, string> { ["KUBE_EDITOR"] = "sed -i s/red/blue/" });

        Assert.Contains("edited", edit.Success(), StringComparison.Ordinal);
        Assert.Equal("blue", await space.FieldAsync("configmap/settings", ".data.color"));
    }

    [Fact]
    public async Task Wait_returns_when_it_happens()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(Manifests.Pod("short", "sleep 1; exit 0", "  restartPolicy: Never"));
        await space.OkAsync("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/short", "--timeout=60s");
        await space.OkAsync("delete", "pod", "short", "--wait=false");
        await space.OkAsync("wait", "--for=delete", "pod/short", "--timeout=30s");
    }
}
