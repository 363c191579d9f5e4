using Flotilla.Linux.Cri;
using Grpc.Core;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>Makes and removes what a pod's containers share: directories, cgroup, network, sandbox.</summary>
internal sealed class PodSandboxes(PodServices services)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);
    private const string HostHostsFile = "/etc/hosts";

    public PodSandboxConfig Configure(V1Pod pod, uint attempt)
    {
        var resolv = ReadOrEmpty(services.Options.ResolvConf);
        return SandboxConfiguration.For(pod, services.Options, services.Cgroups.PathOf(pod), PodDns.For(pod, services.Options, resolv), services.Users.Of(pod), attempt);
    }

    /// <exception cref="Api.ApiException">The class it is to run by does not exist.</exception>
    public async Task CreateAsync(V1Pod pod, uint attempt, CancellationToken cancellationToken)
    {
        var handler = await services.Handlers.OfAsync(pod, cancellationToken);
        if (pod.Spec.HostUsers == false && (await services.Features.OfAsync(handler, cancellationToken))?.UserNamespaces != true)
        {
            var who = handler.Length == 0 ? "runtime" : $"RuntimeClass handler \"{handler}\"";
            throw new UnsupportedException($"can't set `spec.hostUsers: false`, {who} does not support user namespaces");
        }
        services.Cgroups.Create(pod);
        Directory.CreateDirectory(PodDirectories.Of(services.Options, pod.Metadata.Uid));
        Directory.CreateDirectory(PodDirectories.Logs(services.Options, pod));
        await services.Runtime.Runtime.RunPodSandboxAsync(
            new RunPodSandboxRequest { Config = Configure(pod, attempt), RuntimeHandler = handler }, deadline: DateTime.UtcNow + Timeout, cancellationToken: CancellationToken.None);
    }

    public async Task WriteHostsFileAsync(V1Pod pod, IReadOnlyList<string> ips, CancellationToken cancellationToken)
    {
        var text = HostsFile.For(pod, ips, services.Options.ClusterDomain, pod.IsHostNetwork() ? ReadOrEmpty(HostHostsFile) : "");
        // Written in place: containers have this very file mounted.
        await File.WriteAllTextAsync(PodDirectories.HostsFile(services.Options, pod), text, cancellationToken);
    }

    public async Task StopAsync(PodSandbox sandbox, CancellationToken cancellationToken) => await services.Runtime.Runtime.StopPodSandboxAsync(
        new StopPodSandboxRequest { PodSandboxId = sandbox.Id }, deadline: DateTime.UtcNow + Timeout, cancellationToken: cancellationToken);

    public async Task RemoveAsync(PodSandbox sandbox, CancellationToken cancellationToken)
    {
        try
        {
            await services.Runtime.Runtime.RemovePodSandboxAsync(
                new RemovePodSandboxRequest { PodSandboxId = sandbox.Id }, deadline: DateTime.UtcNow + Timeout, cancellationToken: cancellationToken);
        }
        catch (RpcException gone) when (gone.StatusCode == StatusCode.NotFound)
        {
            // Removed already.
        }
    }

    private static string ReadOrEmpty(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}

/// <summary>What a pod asks for and this node's runtime cannot do.</summary>
internal sealed class UnsupportedException(string message) : Exception(message);
