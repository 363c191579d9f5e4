using System.Text;
using Flotilla.Linux.Containerd;

namespace Flotilla.Node.Containerd;

/// <summary>The files an own containerd is started with. Pure: text in, text out.</summary>
public static class ContainerdConfiguration
{
    public static string Toml(NodeOptions options, bool restrictOomScore) => $"""
        # Written by Flotilla at every start; changes are lost.
        version = 2
        root = "{Root(options)}"
        state = "{State(options)}"
        oom_score = {(restrictOomScore ? 0 : -999)}
        disabled_plugins = [
          "io.containerd.internal.v1.opt", "io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp",
          "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
          "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
        ]

        [grpc]
          address = "{options.ContainerdSocket}"

        [plugins."io.containerd.grpc.v1.cri"]
          sandbox_image = "{PauseImage.Name}"
          stream_server_address = "127.0.0.1"
          stream_server_port = "0"
          netns_mounts_under_state_dir = true
          restrict_oom_score_adj = {(restrictOomScore ? "true" : "false")}
          enable_cdi = true
          cdi_spec_dirs = [{string.Join(", ", options.CdiDirectories.Select(directory => $"\"{directory}\""))}]

          [plugins."io.containerd.grpc.v1.cri".containerd]
            snapshotter = "overlayfs"
            default_runtime_name = "{options.DefaultRuntime}"
        {string.Concat(options.Runtimes.Select(runtime => Runtime(options, runtime)))}

          [plugins."io.containerd.grpc.v1.cri".cni]
            bin_dir = "{CniPlugins(options)}"
            conf_dir = "{options.CniConfigurationDirectory}"

          [plugins."io.containerd.grpc.v1.cri".registry]
            config_path = "{RegistryHosts(options)}"

        """;

    private static string Runtime(NodeOptions options, OciRuntime runtime) => $"""

                [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.{runtime.Name}]
                  runtime_type = "io.containerd.runc.v2"

                  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.{runtime.Name}.options]
                    SystemdCgroup = false
                    BinaryName = "{runtime.Path}"
                    Root = "{RuntimeState(options, runtime.Name)}"

        """;

    public static string Root(NodeOptions options) => Path.Combine(options.DataDirectory, "containerd");

    public static string State(NodeOptions options) => Path.Combine(options.RunDirectory, "containerd");

    /// <summary>Where an OCI runtime keeps the state of its containers.</summary>
    public static string RuntimeState(NodeOptions options, string runtime) => Path.Combine(State(options), runtime);

    /// <summary>Where the machine's owner may say by which hosts a registry is reached, in containerd's own form.</summary>
    public static string RegistryHosts(NodeOptions options) => Path.Combine(options.DataDirectory, "certs.d");

    public static string ConfigFile(NodeOptions options) => Path.Combine(options.DataDirectory, "containerd.toml");

    private static string CniPlugins(NodeOptions options) =>
        options.CniPluginDirectories.FirstOrDefault(directory => File.Exists(Path.Combine(directory, "bridge")))
        ?? options.CniPluginDirectories[0];

    /// <returns>Whether the file changed.</returns>
    internal static bool Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (File.Exists(path) && string.Equals(File.ReadAllText(path), text, StringComparison.Ordinal))
        {
            return false;
        }
        File.WriteAllText(path + ".new", text, new UTF8Encoding(false));
        File.Move(path + ".new", path, overwrite: true);
        return true;
    }
}
