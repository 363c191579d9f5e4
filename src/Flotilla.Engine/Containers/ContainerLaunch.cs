using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Containerd;
using Flotilla.Engine.Linux;
using Flotilla.Engine.Networks;
using Flotilla.Engine.Specs;
using Flotilla.Engine.Streams;
using Flotilla.Engine.Volumes;
using Flotilla.Linux.Commands;
using Flotilla.Linux.Containerd;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Flotilla.Engine.Containers;

/// <summary>Brings a container's process into being: network, files, specification, pipes, task. What goes wrong on the way is taken back.</summary>
internal sealed class ContainerLaunch(Runtime runtime, EngineOptions options, ContainerNetworks networks, ContainerStore containers, ContainerFiles files, RootFileSystem roots, ContainerVolumes volumes)
{
    private const string RuntimeName = "io.containerd.runc.v2";
    private const string EngineLabel = "flotilla.dev/engine";
    private static readonly TimeSpan StrayLimit = TimeSpan.FromSeconds(5);

    public string CgroupOf(string id) => $"{options.CgroupRoot}/{id}";

    public string FifosOf(string id) => Path.Combine(options.FifoDirectory, id);

    /// <param name="takeAsync">Where its output goes.</param>
    /// <exception cref="DockerException">It does not start, with the runtime's words.</exception>
    public async Task RunAsync(Container container, Func<Frame, ValueTask> takeAsync, CancellationToken cancellationToken)
    {
        var record = container.Record;
        ProcessStreams? streams = null;
        try
        {
            await volumes.HoldAsync(record, cancellationToken);
            await ConnectAsync(container, cancellationToken);
            await PutSpecAsync(container, cancellationToken);
            streams = ProcessStreams.Create(FifosOf(record.Id), record.HasInput, record.HasTerminal);
            record.State.Pid = await StartTaskAsync(record, streams, takeAsync, cancellationToken);
            container.Streams = streams;
        }
        catch (Exception failure)
        {
            await TakeBackAsync(container, streams);
            throw failure switch
            {
                RpcException refused => DockerException.BadRequest("failed to create task for container: " + refused.Status.Detail),
                CommandException broken => new DockerException(500, broken.Message),
                _ => failure,
            };
        }
    }

    /// <summary>After its end: the task, the pipes, the network and the volumes.</summary>
    public async Task PutAwayAsync(Container container, CancellationToken cancellationToken)
    {
        await DeleteTaskAsync(container.Id, cancellationToken);
        if (HasOwnNetwork(container.Record))
        {
            await networks.DisconnectAsync(container, cancellationToken);
        }

        await volumes.ReleaseAsync(container.Record, cancellationToken);
    }

    /// <summary>A process that was started just before its engine was killed, and of which no record knows.</summary>
    public async Task EndStrayAsync(Container container, CancellationToken cancellationToken)
    {
        try
        {
            await runtime.Tasks.KillAsync(new KillRequest { ContainerId = container.Id, Signal = 9, All = true }, cancellationToken: cancellationToken);
            await runtime.Tasks.WaitAsync(new WaitRequest { ContainerId = container.Id }, cancellationToken: cancellationToken).ResponseAsync.WaitAsync(StrayLimit, cancellationToken);
        }
        catch (RpcException failure) when (failure.IsMissing())
        {
            // As usual.
            return;
        }
        catch (Exception failure) when (failure is RpcException or TimeoutException)
        {
            // It has ended, or cannot; what is left of it goes below.
        }

        await PutAwayAsync(container, cancellationToken);
        ProcessStreams.Remove(FifosOf(container.Id));
    }

    public async Task DeleteTaskAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            await runtime.Tasks.DeleteAsync(new DeleteTaskRequest { ContainerId = id }, cancellationToken: cancellationToken);
        }
        catch (RpcException failure) when (failure.IsMissing())
        {
            // Gone already.
        }
    }

    public async Task DeleteObjectAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            await runtime.Containers.DeleteAsync(new DeleteContainerRequest { Id = id }, cancellationToken: cancellationToken);
        }
        catch (RpcException failure) when (failure.IsMissing())
        {
            // It was never started.
        }
    }

    public static bool HasOwnNetwork(ContainerRecord record) => record.NetworkMode != BuiltInNetworks.Host && !record.NetworkMode.StartsWith("container:", StringComparison.Ordinal);

    private async Task ConnectAsync(Container container, CancellationToken cancellationToken)
    {
        if (!HasOwnNetwork(container.Record))
        {
            return;
        }

        try
        {
            await networks.ConnectAsync(container, cancellationToken);
        }
        catch (DockerException failure)
        {
            throw new DockerException(failure.Code, "failed to set up container networking: " + failure.Message);
        }
    }

    private async Task<int> StartTaskAsync(ContainerRecord record, ProcessStreams streams, Func<Frame, ValueTask> takeAsync, CancellationToken cancellationToken)
    {
        var create = new CreateTaskRequest { ContainerId = record.Id, Terminal = record.HasTerminal, Stdin = streams.InputPath, Stdout = streams.OutputPath, Stderr = streams.ErrorPath };
        create.Rootfs.Add(await roots.MountsAsync(record.Id, cancellationToken));
        streams.Start(takeAsync);
        var created = await runtime.Tasks.CreateAsync(create, cancellationToken: cancellationToken);
        await streams.HoldAsync(cancellationToken);
        streams.ReleaseKeepers();
        await runtime.Tasks.StartAsync(new StartRequest { ContainerId = record.Id }, cancellationToken: cancellationToken);
        return (int)created.Pid;
    }

    private async Task TakeBackAsync(Container container, ProcessStreams? streams)
    {
        await DeleteTaskAsync(container.Id, CancellationToken.None);
        if (streams is not null)
        {
            await streams.DisposeAsync();
        }

        if (HasOwnNetwork(container.Record))
        {
            await networks.DisconnectAsync(container, CancellationToken.None);
        }

        await volumes.ReleaseAsync(container.Record, CancellationToken.None);
    }

    private RuncOptions RuntimeOf(JsonObject host)
    {
        var name = host.String("Runtime");
        var program = options.Runtimes.FirstOrDefault(runtime => runtime.Name == name) ?? throw DockerException.BadRequest($"unknown or invalid runtime name: {name}");
        return new RuncOptions { BinaryName = program.Path, Root = Path.Combine(options.RuntimeState, program.Name) };
    }

    private async Task PutSpecAsync(Container container, CancellationToken cancellationToken)
    {
        var record = container.Record;
        var spec = await SpecAsync(container, cancellationToken);
        var known = new ContainerObject
        {
            Id = record.Id,
            Image = record.Image,
            Labels = { [EngineLabel] = record.Name },
            Runtime = new ContainerRuntime { Name = RuntimeName, Options = new Any { TypeUrl = "containerd.runc.v1.Options", Value = RuntimeOf(record.HostConfig).ToByteString() } },
            Spec = Runtime.Specification("Spec", spec),
            Snapshotter = Runtime.Snapshotter,
            SnapshotKey = record.Id,
        };
        try
        {
            await runtime.Containers.CreateAsync(new CreateContainerRequest { Container = known }, cancellationToken: cancellationToken);
        }
        catch (RpcException failure) when (failure.StatusCode == StatusCode.AlreadyExists)
        {
            await runtime.Containers.UpdateAsync(new UpdateContainerRequest { Container = known, UpdateMask = new FieldMask { Paths = { "spec" } } }, cancellationToken: cancellationToken);
        }
    }

    private async Task<JsonObject> SpecAsync(Container container, CancellationToken cancellationToken)
    {
        var record = container.Record;
        var hostname = record.NetworkMode == BuiltInNetworks.Host ? Environment.MachineName : OwnerOfNetwork(record).Config.String("Hostname") ?? record.Id[..12];
        UserIdentity user;
        using (var mounted = await roots.MountAsync(record.Id, cancellationToken))
        {
            var groups = mounted.Lines("/etc/group");
            user = UserIdentity.Find(record.Config.String("User") ?? "", mounted.Lines("/etc/passwd"), groups);
            var more = (record.HostConfig.Array("GroupAdd") ?? []).Select(group => UserIdentity.GroupNumber(group.AsString() ?? "", groups));
            user = user with { MoreGroups = [.. user.MoreGroups, .. more] };
        }

        return SpecBuilder.Build(new SpecInput(record, user, CgroupOf(record.Id), hostname)
        {
            Namespaces = Namespaces(record),
            Files = await files.WriteAsync(container, hostname, cancellationToken),
        });
    }

    // Who is in another's network has its name too.
    private ContainerRecord OwnerOfNetwork(ContainerRecord record) =>
        record.NetworkMode.StartsWith("container:", StringComparison.Ordinal) ? containers.Find(record.NetworkMode["container:".Length..]).Record : record;

    private Dictionary<string, string> Namespaces(ContainerRecord record)
    {
        Dictionary<string, string> namespaces = new(StringComparer.Ordinal) { ["mount"] = "" };
        Add("pid", record.HostConfig.String("PidMode") ?? "");
        Add("ipc", record.HostConfig.String("IpcMode") ?? "");
        Add("uts", record.HostConfig.String("UTSMode") ?? "");
        Add("cgroup", record.HostConfig.String("CgroupnsMode") ?? "");
        if (record.NetworkMode != BuiltInNetworks.Host)
        {
            namespaces["network"] = record.NetworkMode.StartsWith("container:", StringComparison.Ordinal) ? OfOther(record.NetworkMode, "net") : networks.Links.NamespacePath(record.Id);
        }

        return namespaces;

        void Add(string kind, string mode)
        {
            if (mode != "host")
            {
                namespaces[kind] = mode.StartsWith("container:", StringComparison.Ordinal) ? OfOther(mode, kind) : "";
            }
        }
    }

    private string OfOther(string mode, string kind)
    {
        var other = containers.Find(mode["container:".Length..]);
        return other.Record.State.IsRunning ? $"/proc/{other.Record.State.Pid}/ns/{kind}" : throw new DockerException(409, $"cannot join network of a non running container: {other.Id}");
    }
}
