using Flotilla.Api.Pods;
using Flotilla.Client;
using Flotilla.Linux.Cri;
using Flotilla.Node.Admission;
using Flotilla.Node.Containerd;
using Flotilla.Node.Cri;
using Flotilla.Node.Volumes;
using Flotilla.Node.Volumes.Kinds;
using Grpc.Core;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>One container from its image to its running process.</summary>
internal sealed class ContainerStarter(
    NodeOptions options, CriClient runtime, ImagePuller images, ContainerEnvironment environment, HookRunner hooks, ExclusiveResources exclusive, HandlerFeatures features, NamedVolumes named, EventRecorder events, IReadOnlyList<string> hostIps)
{
    // Creating and starting are not given up half-way: what they leave behind would be seen as a container that never started.
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    private readonly StoredSpecs specs = new(runtime);

    /// <returns>The new container's number.</returns>
    /// <exception cref="ContainerException">It does not run; the waiting state says why.</exception>
    public async Task<string> StartAsync(StartRequest request, PullHistory pulls, CancellationToken cancellationToken)
    {
        var (pod, container) = (request.Pod, request.Container);
        var field = pod.FieldPath(container.Name);
        var image = await images.EnsureAsync(pod, container, pulls, cancellationToken);
        var config = await ConfigureAsync(request, image, cancellationToken);
        var id = await CreateAsync(request, config, cancellationToken);
        events.Record(pod, "Normal", "Created", "Container created", field);
        try
        {
            await runtime.Runtime.StartContainerAsync(
                new StartContainerRequest { ContainerId = id }, deadline: DateTime.UtcNow + Timeout, cancellationToken: CancellationToken.None);
        }
        catch (RpcException failure)
        {
            throw new ContainerException("RunContainerError", failure.Status.Detail, failure);
        }
        events.Record(pod, "Normal", "Started", "Container started", field);
        if (container.Lifecycle?.PostStart is { } hook && await hooks.RunAsync(hook, pod, container, id, request.PodIps.FirstOrDefault(), cancellationToken) is { } fault)
        {
            events.Record(pod, "Warning", "FailedPostStartHook", $"PostStartHook failed: {fault}", field);
            events.Record(pod, "Normal", "Killing", "FailedPostStartHook", field);
            await StopAsync(id, TimeSpan.FromSeconds(pod.Spec.TerminationGracePeriodSeconds ?? 30), cancellationToken);
            throw new ContainerException("PostStartHookError", fault) { IsReported = true };
        }
        return id;
    }

    public async Task StopAsync(string id, TimeSpan grace, CancellationToken cancellationToken)
    {
        try
        {
            await runtime.Runtime.StopContainerAsync(
                new StopContainerRequest { ContainerId = id, Timeout = (long)Math.Ceiling(grace.TotalSeconds) },
                deadline: DateTime.UtcNow + grace + Timeout,
                cancellationToken: cancellationToken);
        }
        catch (RpcException gone) when (gone.StatusCode == StatusCode.NotFound)
        {
            // Nothing runs: what was wanted.
        }
    }

    private async Task<ContainerConfig> ConfigureAsync(StartRequest request, Image image, CancellationToken cancellationToken)
    {
        var (pod, container) = (request.Pod, request.Container);
        ContainerSecurity.CheckNonRoot(pod, container, image);
        CheckPaths(pod);
        await PrepareVolumesAsync(pod, container, image, cancellationToken);
        var variables = await environment.ForAsync(pod, container, new PodNetwork(request.PodIps, hostIps), cancellationToken);
        var log = PodDirectories.TerminationLog(options, pod, container.Name, request.Attempt);
        Directory.CreateDirectory(Path.GetDirectoryName(log)!);
        await File.WriteAllBytesAsync(log, [], cancellationToken);
        File.SetUnixFileMode(log, (UnixFileMode)0b110_110_110);
        Directory.CreateDirectory(Path.Combine(PodDirectories.Logs(options, pod), container.Name));
        var config = ContainerConfiguration.For(new ContainerRequest(
            pod, container, image, request.Attempt, variables, request.Volumes, PodDirectories.Of(options, pod.Metadata.Uid), PodDirectories.HostsFile(options, pod), log)
        {
            Users = request.Sandbox.Linux.SecurityContext.NamespaceOptions.UsernsOptions,
            SeccompDirectory = options.SeccompDirectory,
            CanMountRecursively = ContainerMounts.AskForRecursion(container) && await CanMountRecursivelyAsync(request.RuntimeHandler, cancellationToken),
        });
        await exclusive.ApplyAsync(config, pod, container, cancellationToken);
        var namespaces = config.Linux.SecurityContext.NamespaceOptions;
        if (request.TargetId is { } target && namespaces.Pid == NamespaceMode.Container)
        {
            namespaces.Pid = NamespaceMode.Target;
            namespaces.TargetId = target;
        }
        return config;
    }

    private static void CheckPaths(V1Pod pod)
    {
        if (pod.GetAnnotation(PodAnnotations.PathsMustExist) == "true"
            && pod.Spec.Volumes?.FirstOrDefault(volume => volume.HostPath is { Type: null or "" } && !Path.Exists(volume.HostPath.Path)) is { } missing)
        {
            throw new ContainerException("CreateContainerError", $"invalid mount config for type \"bind\": bind source path does not exist: {missing.HostPath.Path}");
        }
    }

    private async Task PrepareVolumesAsync(V1Pod pod, V1Container container, Image image, CancellationToken cancellationToken)
    {
        try
        {
            await named.PrepareAsync(pod, container, image.Id, cancellationToken);
        }
        catch (VolumeException failure)
        {
            throw new ContainerException("CreateContainerError", failure.Message, failure);
        }
    }

    private async Task<bool> CanMountRecursivelyAsync(string handler, CancellationToken cancellationToken)
    {
        try
        {
            return (await features.OfAsync(handler, cancellationToken))?.RecursiveReadOnlyMounts == true;
        }
        catch (RpcException failure) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ContainerException("CreateContainerConfigError", failure.Status.Detail, failure);
        }
    }

    private async Task<string> CreateAsync(StartRequest request, ContainerConfig config, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var amendment = SpecAmendment.For(request.Pod);
        try
        {
            var answer = await runtime.Runtime.CreateContainerAsync(
                new CreateContainerRequest { PodSandboxId = request.SandboxId, Config = config, SandboxConfig = request.Sandbox },
                deadline: DateTime.UtcNow + Timeout,
                cancellationToken: CancellationToken.None);
            if (amendment is not null)
            {
                await specs.ChangeAsync(answer.ContainerId, amendment.Apply, DateTime.UtcNow + Timeout);
            }
            return answer.ContainerId;
        }
        catch (RpcException failure)
        {
            throw new ContainerException("CreateContainerError", failure.Status.Detail, failure);
        }
    }
}

internal sealed record StartRequest(
    V1Pod Pod, V1Container Container, uint Attempt, string SandboxId, PodSandboxConfig Sandbox, IReadOnlyList<string> PodIps, PodVolumes Volumes)
{
    /// <summary>Of the runtime, by which the pod is run; empty: its default.</summary>
    public string RuntimeHandler { get; init; } = "";

    /// <summary>The running container whose processes an ephemeral one sees.</summary>
    public string? TargetId { get; init; }
}
