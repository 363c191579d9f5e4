using k8s.Models;

namespace Flotilla.Conformance.Apps;

/// <summary>Workloads as the tests use them: small, of one container, and gone at once.</summary>
internal static class Manifests
{
    public static Dictionary<string, string> Labels(string app) => new(StringComparer.Ordinal) { ["app"] = app };

    public static V1LabelSelector Selector(string app) => new() { MatchLabels = Labels(app) };

    /// <param name="command">For the shell; null: the image's web server on port 8080.</param>
    public static V1PodTemplateSpec Template(string app, string? command = "sleep 3600", string restart = "Always") => new()
    {
        Metadata = new V1ObjectMeta { Labels = Labels(app) },
        Spec = new V1PodSpec
        {
            RestartPolicy = restart,
            TerminationGracePeriodSeconds = 0,
            AutomountServiceAccountToken = false,
            Containers =
            [
                new V1Container
                {
                    Name = "main",
                    Image = "my-image",
                    ImagePullPolicy = "Never",
                    Command = command is null ? null : ["sh", "-c", command],
                },
            ],
        },
    };

    public static V1ObjectMeta Named(string name) => new() { Name = name, Labels = Labels(name) };

    public static V1Deployment Deployment(string name, int replicas, string? command = "sleep 3600") => new()
    {
        Metadata = Named(name),
        Spec = new V1DeploymentSpec { Replicas = replicas, Selector = Selector(name), Template = Template(name, command) },
    };

    public static V1ReplicaSet ReplicaSet(string name, int replicas, string? command = "sleep 3600") => new()
    {
        Metadata = Named(name),
        Spec = new V1ReplicaSetSpec { Replicas = replicas, Selector = Selector(name), Template = Template(name, command) },
    };

    public static V1ReplicationController ReplicationController(string name, int replicas, string? command = "sleep 3600") => new()
    {
        Metadata = Named(name),
        Spec = new V1ReplicationControllerSpec { Replicas = replicas, Selector = Labels(name), Template = Template(name, command) },
    };

    public static V1StatefulSet StatefulSet(string name, int replicas, string? command = "sleep 3600") => new()
    {
        Metadata = Named(name),
        Spec = new V1StatefulSetSpec { Replicas = replicas, ServiceName = name, Selector = Selector(name), Template = Template(name, command) },
    };

    public static V1DaemonSet DaemonSet(string name, string? command = "sleep 3600") => new()
    {
        Metadata = Named(name),
        Spec = new V1DaemonSetSpec { Selector = Selector(name), Template = Template(name, command) },
    };

    public static V1Job Job(string name, string command, Action<V1JobSpec>? configure = null, string restart = "Never")
    {
        var job = new V1Job
        {
            Metadata = Named(name),
            Spec = new V1JobSpec { Template = Template(name, command, restart) },
        };
        configure?.Invoke(job.Spec);
        return job;
    }

    /// <summary>Ready while a file exists, which it does at first; to make a pod unhealthy and healthy again.</summary>
    public static V1Probe ReadyWhileFile(string path) => new()
    {
        Exec = new V1ExecAction { Command = ["test", "-f", path] },
        PeriodSeconds = 1,
        FailureThreshold = 1,
    };
}
