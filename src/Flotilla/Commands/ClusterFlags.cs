using System.CommandLine;
using Flotilla.Local;

namespace Flotilla.Commands;

/// <summary>The flags that say which cluster is meant and how it is to be.</summary>
internal sealed class ClusterFlags
{
    private readonly Option<string?> dataDirectory = new("--data-dir") { Description = $"Where everything of the cluster is kept ({ClusterSettings.DefaultDataDirectory}, with a name after it for one of --name)." };
    private readonly Option<string?> name = new("--name") { Description = "A cluster beside that of the machine itself, with a network of its own." };

    private readonly Option<string?> runDirectory = new("--run-dir") { Description = "Where sockets and other short-lived files are." };
    private readonly Option<int?> apiPort = new("--api-port") { Description = "Port of the Kubernetes API (6443)." };
    private readonly Option<string?> nodeName = new("--node-name") { Description = "Name of this machine's Node (the host name)." };
    private readonly Option<string?> nodeIp = new("--node-ip") { Description = "Which of this machine's addresses others reach it by, one or one of each family (those of the way out)." };
    private readonly Option<string?> podCidr = new("--pod-cidr") { Description = "Addresses of pods (10.244.0.0/16); one range of each family for dual stack, like 10.244.0.0/16,fd00:10:244::/56." };
    private readonly Option<string?> serviceCidr = new("--service-cidr") { Description = "Addresses of services (10.96.0.0/12, and fd00:10:96::/112 where pods have IPv6)." };
    private readonly Option<string?> networkBackend = new("--network-backend") { Description = "How pods reach those of other nodes: vxlan (over any network) or host-gw (faster, for nodes on one link)." };
    private readonly Option<string?> kubeconfig = new("--kubeconfig") { Description = "The file that gets the context 'flotilla' ($KUBECONFIG or ~/.kube/config)." };
    private readonly Option<string?> runtime = new("--container-runtime-endpoint") { Description = "A CRI socket that somebody else runs (a containerd of its own)." };
    private readonly Option<string?> defaultRuntime = new("--default-runtime") { Description = "The OCI runtime of containers that name none: runc (the default), or another that is installed, like crun." };
    private readonly Option<string?> reservedCpus = new("--reserved-cpus") { Description = "Processors for the machine and for pods that share, like 0 or 0-1; Guaranteed pods that ask for whole processors then get others for themselves." };
    private readonly Option<string?> reservedMemory = new("--reserved-memory") { Description = "What of each NUMA node's memory is kept for the machine, like 0:memory=1Gi;1:memory=1Gi; Guaranteed pods then get their memory from certain nodes." };
    private readonly Option<string?> genericResources = new("--generic-resources") { Description = "What else the machine has that services of the swarm may reserve, by name or number, like gpu=UUID1,gpu=UUID2,ssd=3." };
    private readonly Option<string?> topologyPolicy = new("--topology-manager-policy") { Description = "How near to each other the processors, devices and memory of a container must lie: none (the default), best-effort, restricted or single-numa-node." };
    private readonly Option<string?> topologyScope = new("--topology-manager-scope") { Description = "Whether that holds for each container or for all of a pod together: container (the default) or pod." };
    private readonly Option<TimeSpan?> shutdownGrace = Durations.Option("--shutdown-grace-period", "How long the machine waits for its pods when it is shut down or restarted, where systemd runs it (0s: not at all).");
    private readonly Option<TimeSpan?> shutdownGraceCritical = Durations.Option("--shutdown-grace-period-critical-pods", "The part of that time which is for the system's own pods, after all others (0s).");

    private readonly Option<string?> scheduler = new("--scheduler-config") { Description = "How the scheduler works (kubescheduler.config.k8s.io/v1 KubeSchedulerConfiguration)." };

    private readonly Option<TimeSpan?> grace = Durations.Option("--node-monitor-grace-period", "How long a node may be silent before it counts as unreachable (40s).");

    private readonly Option<bool?> seLinuxWarnings = new("--selinux-warnings") { Description = "Tell pods that would label a shared volume differently, where nodes use SELinux." };

    private readonly IngressFlags ingress = new();

    private readonly LoadBalancerFlags balancers = new();

    private readonly AccessFlags access = new();
    private readonly DatastoreFlags datastore = new();
    private readonly BackupFlags backup = new();

    private ClusterFlags(Command command, Func<ClusterFlags, IEnumerable<Option>> more)
    {
        command.Options.Add(dataDirectory);
        command.Options.Add(name);
        foreach (var option in more(this))
        {
            command.Options.Add(option);
        }
    }

    private IEnumerable<Option> OfNode => [runDirectory, nodeName, nodeIp, runtime, defaultRuntime, reservedCpus, reservedMemory, genericResources, topologyPolicy, topologyScope, shutdownGrace, shutdownGraceCritical, .. ingress.All];

    private IEnumerable<Option> OfServer => [apiPort, podCidr, serviceCidr, networkBackend, kubeconfig, scheduler, grace, seLinuxWarnings, .. balancers.All, .. access.All, .. datastore.All, .. backup.All];

    /// <summary>Only which cluster.</summary>
    public static ClusterFlags Find(Command command) => new(command, _ => []);

    /// <summary>Also how it is to be; what is not said stays as it was.</summary>
    public static ClusterFlags Configure(Command command) => new(command, flags => flags.OfNode.Concat(flags.OfServer));

    /// <summary>How a machine is to be that only runs pods.</summary>
    public static ClusterFlags Node(Command command) => new(command, flags => flags.OfNode);

    public ClusterSettings Read(ParseResult flags)
    {
        var named = flags.GetValue(name);
        var known = ClusterSettings.Load(flags.GetValue(dataDirectory) ?? (named is null ? ClusterSettings.DefaultDataDirectory : $"{ClusterSettings.DefaultDataDirectory}-{named}"));
        var wanted = Read(flags, named is not null && !known.Exists ? known with { Name = named, NodeName = named } : known);
        if (known.Exists)
        {
            ClusterRanges.CheckFamilies(wanted, known);
        }

        return wanted;
    }

    /// <param name="known">What holds where the flags say nothing.</param>
    public ClusterSettings Read(ParseResult flags, ClusterSettings known)
    {
        return known with
        {
            RunDirectory = flags.GetValue(runDirectory) is { } run ? Path.GetFullPath(run) : known.RunDirectory,
            ApiPort = flags.GetValue(apiPort) ?? known.ApiPort,
            NodeName = flags.GetValue(nodeName) ?? known.NodeName,
            NodeIp = flags.GetValue(nodeIp) ?? known.NodeIp,
            PodCidr = flags.GetValue(podCidr) ?? ClusterRanges.Matching(flags.GetValue(serviceCidr), known.PodCidr, ClusterSettings.UsualPods, ClusterSettings.UsualPods6),
            ServiceCidr = flags.GetValue(serviceCidr) ?? ClusterRanges.Matching(flags.GetValue(podCidr), known.ServiceCidr, ClusterSettings.UsualServices, ClusterSettings.UsualServices6),
            NetworkBackend = flags.GetValue(networkBackend) ?? known.NetworkBackend,
            Kubeconfig = flags.GetValue(kubeconfig) is { } file ? Path.GetFullPath(file) : known.Kubeconfig,
            ContainerRuntimeEndpoint = flags.GetValue(runtime) ?? known.ContainerRuntimeEndpoint,
            DefaultRuntime = flags.GetValue(defaultRuntime) ?? known.DefaultRuntime,
            ReservedCpus = flags.GetValue(reservedCpus) ?? known.ReservedCpus,
            ReservedMemory = flags.GetValue(reservedMemory) ?? known.ReservedMemory,
            GenericResources = flags.GetValue(genericResources) ?? known.GenericResources,
            TopologyPolicy = flags.GetValue(topologyPolicy) ?? known.TopologyPolicy,
            TopologyScope = flags.GetValue(topologyScope) ?? known.TopologyScope,
            ShutdownGracePeriod = flags.GetValue(shutdownGrace) ?? known.ShutdownGracePeriod,
            ShutdownGracePeriodCriticalPods = flags.GetValue(shutdownGraceCritical) ?? known.ShutdownGracePeriodCriticalPods,
            SchedulerFile = flags.GetValue(scheduler) is { } configuration ? Path.GetFullPath(configuration) : known.SchedulerFile,
            NodeGracePeriod = flags.GetValue(grace) ?? known.NodeGracePeriod,
            WarnsOfSeLinux = flags.GetValue(seLinuxWarnings) ?? known.WarnsOfSeLinux,
            Ingress = ingress.Read(flags, known.Ingress),
            LoadBalancers = balancers.Read(flags, known.LoadBalancers),
            Access = access.Read(flags, known.Access),
            Datastore = datastore.Read(flags, known.Datastore),
            Backup = backup.Read(flags, known.Backup),
        };
    }

    /// <summary>Of a machine that is to be a server of a cluster elsewhere.</summary>
    public ClusterSettings ReadJoining(ParseResult flags, ClusterSettings known) => known with { Datastore = datastore.ReadJoining(flags, known.Datastore) };

    /// <exception cref="UserError">There is no cluster in the data directory.</exception>
    public ClusterSettings ReadExisting(ParseResult flags)
    {
        var settings = Read(flags);
        return settings.Exists ? settings : throw new UserError($"There is no cluster in {settings.DataDirectory}; 'flotilla up' makes one.");
    }

    /// <exception cref="UserError">There is no server in the data directory.</exception>
    public ClusterSettings ReadServer(ParseResult flags)
    {
        var settings = ReadExisting(flags);
        return settings.Agent is null ? settings : throw new UserError($"This machine is a node only; use this command on a server, like {settings.Agent.Server.Host}.");
    }
}
