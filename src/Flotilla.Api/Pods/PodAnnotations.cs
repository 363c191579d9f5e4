namespace Flotilla.Api.Pods;

/// <summary>What a Pod may ask its node for beyond upstream's fields. It holds for all of the Pod's containers.</summary>
public static class PodAnnotations
{
    /// <summary>Limits of each process, soft before hard, as <c>setrlimit</c> knows them; -1: none. <c>nofile=1024:2048 memlock=-1:-1</c>.</summary>
    public const string Ulimits = "flotilla.dev/ulimits";

    /// <summary>
    /// <c>true</c>: the pod's <c>sysctls</c> may be any of its own namespaces, as docker's are, and need not be those that the node allows. Pod security's
    /// levels hold for them as for all sysctls.
    /// </summary>
    public const string NamespacedSysctls = "flotilla.dev/namespaced-sysctls";

    /// <summary>The most processes and threads of a container.</summary>
    public const string PidsLimit = "flotilla.dev/pids-limit";

    /// <summary>Who the processes are, where the image knows them by name: <c>app</c> or <c>app:staff</c>. Comes before <c>runAsUser</c>.</summary>
    public const string RunAs = "flotilla.dev/run-as";

    /// <summary>Owners of files in volumes made from objects: a JSON object from <c>VOLUME/PATH</c> to <c>UID:GID</c>.</summary>
    public const string FileOwners = "flotilla.dev/file-owners";

    /// <summary>Permissions of empty directories: a JSON object from the volume to octal digits.</summary>
    public const string DirectoryModes = "flotilla.dev/directory-modes";

    /// <summary><c>true</c>: of hostPath volumes without a type the path must be there; upstream leaves that to the runtime, which makes a directory.</summary>
    public const string PathsMustExist = "flotilla.dev/paths-must-exist";

    /// <summary>What hostPath volumes ask for that are the directories of docker's volumes: a JSON object from the volume to a <see cref="NamedVolume"/>.</summary>
    public const string NamedVolumes = "flotilla.dev/named-volumes";
}
