using Flotilla.Api.Networks;

namespace Flotilla.Swarm.Definitions;

/// <summary>The names by which Swarm's objects and what belongs to them are known in Kubernetes.</summary>
internal static class SwarmApi
{
    public const string Group = "swarm.flotilla.dev";
    public const string Version = "v1alpha1";
    public const string ApiVersion = $"{Group}/{Version}";

    /// <summary>The one object of kind Swarm.</summary>
    public const string Default = "default";

    /// <summary>Label of everything that was made through the Docker API: <c>secret</c>, <c>config</c>, <c>service</c>.</summary>
    public const string Managed = Group + "/managed";

    /// <summary>Annotation: the name as the user wrote it.</summary>
    public const string Name = Group + "/name";

    /// <summary>Annotation: the spec as the user wrote it, in Docker's JSON.</summary>
    public const string Spec = Group + "/spec";

    /// <summary>Annotation: when the spec last changed.</summary>
    public const string UpdatedAt = Group + "/updated-at";

    /// <summary>Annotation of nodes: how often their spec was written.</summary>
    public const string SpecVersion = Group + "/spec-version";

    /// <summary>Annotation of nodes: what they have to know of the swarm, written by the managers.</summary>
    public const string Swarm = Group + "/swarm";

    /// <summary>Annotation of nodes that left the swarm: when, or that they are listed no more.</summary>
    public const string Left = Group + "/left";

    /// <summary>Annotation of nodes that want to come back: that they have a token; and why that was refused.</summary>
    public const string Join = Group + "/join";
    public const string JoinRefused = Group + "/join-refused";

    /// <summary>Annotation of nodes: which of their containers are to be in networks of the swarm, written by the node itself.</summary>
    public const string Attachments = Group + "/attachments";

    /// <summary>Before the id of a network: label of the tasks that are in it.</summary>
    public const string NetworkLabelPrefix = SwarmNetworkLabels.Prefix;

    /// <summary>Before a label of a node's spec, for the scheduler.</summary>
    public const string NodeLabelPrefix = "node." + Group + "/";

    public const string TaskLabel = "com.docker.swarm.task";
    public const string TaskIdLabel = "com.docker.swarm.task.id";
    public const string ServiceIdLabel = "com.docker.swarm.service.id";
    public const string ServiceNameLabel = "com.docker.swarm.service.name";

    /// <summary>Annotation of services whose image is pulled by somebody's name.</summary>
    public const string RegistryAuth = Group + "/registry-auth";

    /// <summary>Annotation of services: how many tasks their user asked for last, where something else may choose another number.</summary>
    public const string AskedReplicas = Group + "/asked-replicas";

    /// <summary>Label of tasks of a replicated service: the slot.</summary>
    public const string Slot = Group + "/slot";

    /// <summary>Annotation of tasks of a global service: the node they are for.</summary>
    public const string ForNode = Group + "/node";

    /// <summary>Annotation of tasks: the template and the endpoint's spec that they were made from.</summary>
    public const string TaskSpec = Group + "/task-spec";
    public const string EndpointSpec = Group + "/endpoint-spec";

    /// <summary>Annotation of tasks: when they were made, to the fraction of a second.</summary>
    public const string CreatedAt = Group + "/created-at";

    /// <summary>Label of tasks: what their template and endpoint come to, constraints left out.</summary>
    public const string TemplateHash = Group + "/template-hash";

    /// <summary>Annotation of tasks of jobs: which run of the job they belong to.</summary>
    public const string Iteration = Group + "/job-iteration";

    /// <summary>Annotation of tasks that wait out a restart delay, and their scheduling gate.</summary>
    public const string StartAfter = Group + "/start-after";

    /// <summary>Annotation of tasks that wait for another service, in words, and their scheduling gate.</summary>
    public const string WaitsFor = Group + "/waits-for";

    /// <summary>Annotation of tasks that were given up: the error that their state shows.</summary>
    public const string Rejected = Group + "/rejected";

    /// <summary>Annotation of tasks of which something waits for their node: the service's labels as JSON.</summary>
    public const string ServiceLabels = Group + "/service-labels";

    /// <summary>Annotation of tasks: a host name that asks for the node.</summary>
    public const string Hostname = Group + "/hostname";

    /// <summary>Annotation of tasks whose secrets or configs are templates: they are filled in when there is a node, into a Secret of the task's name.</summary>
    public const string Rendered = Group + "/rendered";

    /// <summary>Keeps a task that has ended for <c>docker service ps</c>.</summary>
    public const string History = Group + "/history";
}
