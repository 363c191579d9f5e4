using System.Diagnostics;
using Flotilla.Linux.Cri;
using Flotilla.Node.Cri;

namespace Flotilla.Bench;

/// <summary>
/// What the container runtime alone needs for pods, next to what a Deployment of as many takes on the same node:
/// one after the other in each round, so that both meet the same machine. Medians.
/// </summary>
internal sealed class CriBench(PodBench pods, string socket, string image)
{
    private const int Rounds = 3;

    public async IAsyncEnumerable<Figure> RunAsync()
    {
        using var runtime = new CriClient(socket);
        await pods.OnePodAsync("warm-up");
        var bare = new List<double>();
        var deployment = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            bare.Add(await BareAsync(runtime.Runtime, round));
            deployment.Add(await pods.DeploymentAsync());
            await pods.UntilGoneAsync();
        }

        bare.Sort();
        deployment.Sort();
        yield return new($"{pods.Replicas} pods by bare CRI calls (median of {Rounds})", bare[Rounds / 2], "s");
        yield return new($"Deployment of {pods.Replicas} replicas, created to all ready (median of {Rounds})", deployment[Rounds / 2], "s");
        yield return new("Deployment to bare CRI", deployment[Rounds / 2] / bare[Rounds / 2], "times");
    }

    private async Task<double> BareAsync(RuntimeService.RuntimeServiceClient cri, int round)
    {
        var configs = Enumerable.Range(0, pods.Replicas).Select(i => Sandbox($"bench-{Environment.ProcessId}-{round}-{i}")).ToList();
        var watch = Stopwatch.StartNew();
        try
        {
            await Task.WhenAll(configs.Select(config => StartAsync(cri, config)));
            return watch.Elapsed.TotalSeconds;
        }
        finally
        {
            await RemoveAsync(cri, configs.Select(config => config.Metadata.Uid).ToHashSet(StringComparer.Ordinal));
        }
    }

    private async Task StartAsync(RuntimeService.RuntimeServiceClient cri, PodSandboxConfig config)
    {
        var sandbox = (await cri.RunPodSandboxAsync(new RunPodSandboxRequest { Config = config })).PodSandboxId;
        var container = await cri.CreateContainerAsync(new CreateContainerRequest
        {
            PodSandboxId = sandbox,
            SandboxConfig = config,
            Config = new ContainerConfig
            {
                Metadata = new ContainerMetadata { Name = "main" },
                Image = new ImageSpec { Image = image },
                Command = { "sleep", "3600" },
                LogPath = "main.log",
                Linux = new LinuxContainerConfig(),
            },
        });
        await cri.StartContainerAsync(new StartContainerRequest { ContainerId = container.ContainerId });
    }

    private static async Task RemoveAsync(RuntimeService.RuntimeServiceClient cri, HashSet<string> uids)
    {
        var sandboxes = await cri.ListPodSandboxAsync(new ListPodSandboxRequest());
        await Task.WhenAll(sandboxes.Items.Where(sandbox => uids.Contains(sandbox.Metadata.Uid)).Select(async sandbox =>
        {
            await cri.StopPodSandboxAsync(new StopPodSandboxRequest { PodSandboxId = sandbox.Id });
            await cri.RemovePodSandboxAsync(new RemovePodSandboxRequest { PodSandboxId = sandbox.Id });
        }));
    }

    private static PodSandboxConfig Sandbox(string name) => new()
    {
        Metadata = new PodSandboxMetadata { Name = name, Namespace = "default", Uid = name },
        LogDirectory = Path.Combine(Path.GetTempPath(), "flotilla-bench", name),
        Linux = new LinuxPodSandboxConfig { CgroupParent = "/flotilla-bench/" + name },
    };
}
