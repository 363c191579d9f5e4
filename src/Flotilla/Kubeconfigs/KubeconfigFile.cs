using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Flotilla.Kubeconfigs;

/// <summary>
/// A kubeconfig on disk, into which our context is put and from which it is taken; everything else in it is kept.
/// The file is replaced as a whole and only its owner may read it.
/// </summary>
internal sealed class KubeconfigFile
{
    private const string CurrentContext = "current-context";
    private static readonly string[] Sections = ["clusters", "contexts", "users"];

    private readonly string path;
    private readonly YamlMappingNode root;

    private KubeconfigFile(string path, YamlMappingNode root)
    {
        this.path = path;
        this.root = root;
    }

    /// <summary>Where kubectl looks: the first file of <c>$KUBECONFIG</c>, else <c>~/.kube/config</c>.</summary>
    public static string DefaultPath =>
        (Environment.GetEnvironmentVariable("KUBECONFIG") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault()
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".kube", "config");

    /// <exception cref="InvalidDataException">The file is not a kubeconfig.</exception>
    public static KubeconfigFile Open(string path)
    {
        if (!File.Exists(path) || new FileInfo(path).Length == 0)
        {
            return new KubeconfigFile(path, new YamlMappingNode { { "apiVersion", "v1" }, { "kind", "Config" } });
        }

        var yaml = new YamlStream();
        try
        {
            using var reader = File.OpenText(path);
            yaml.Load(reader);
        }
        catch (YamlException failure)
        {
            throw new InvalidDataException($"{path} is not valid YAML: {failure.Message}", failure);
        }

        return yaml.Documents is [{ RootNode: YamlMappingNode root }, ..]
            ? new KubeconfigFile(path, root)
            : throw new InvalidDataException($"{path} is not a kubeconfig.");
    }

    /// <summary>Adds or replaces the context and makes it the current one.</summary>
    public void Set(KubeconfigContext context)
    {
        Remove(context.Name);
        var cluster = new YamlMappingNode { { "certificate-authority-data", context.AuthorityBase64 }, { "server", context.Server } };
        if (context.ServerName is { } proven)
        {
            cluster.Add("tls-server-name", proven);
        }

        Section("clusters").Add(Named(context.Name, "cluster", cluster));
        Section("contexts").Add(Named(context.Name, "context", new YamlMappingNode { { "cluster", context.Name }, { "user", context.Name } }));
        Section("users").Add(Named(context.Name, "user", new YamlMappingNode
        {
            { "client-certificate-data", context.CertificateBase64 },
            { "client-key-data", context.KeyBase64 },
        }));
        root.Children[CurrentContext] = context.Name;
    }

    /// <summary>Replaces the context and leaves the current one as it is. False: there is none of that name.</summary>
    public bool Refresh(KubeconfigContext context)
    {
        if (!Section("contexts").Any(entry => NameOf(entry) == context.Name))
        {
            return false;
        }

        var current = root.Children.TryGetValue(CurrentContext, out var node) ? node : null;
        Set(context);
        if (current is not null)
        {
            root.Children[CurrentContext] = current;
        }

        return true;
    }

    /// <summary>False when there was none of that name.</summary>
    public bool Remove(string name)
    {
        var removed = false;
        foreach (var section in Sections.Select(Section))
        {
            foreach (var entry in section.Where(entry => NameOf(entry) == name).ToList())
            {
                section.Children.Remove(entry);
                removed = true;
            }
        }

        if (root.Children.TryGetValue(CurrentContext, out var current) && current is YamlScalarNode scalar && scalar.Value == name)
        {
            root.Children[CurrentContext] = new YamlScalarNode("") { Style = ScalarStyle.DoubleQuoted };
        }

        return removed;
    }

    public void Save()
    {
        var full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        var temporary = full + ".new";
        File.Delete(temporary);
        using (var file = new FileStream(temporary, new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            using var writer = new StreamWriter(file);
            writer.Write(ToString());
        }

        File.Move(temporary, full, overwrite: true);
    }

    public override string ToString()
    {
        using var writer = new StringWriter(CultureInfo.InvariantCulture);
        new YamlStream(new YamlDocument(root)).Save(writer, assignAnchors: false);
        var text = writer.ToString();
        return text.EndsWith("...\n", StringComparison.Ordinal) ? text[..^4] : text;
    }

    private static YamlMappingNode Named(string name, string key, YamlMappingNode value) => new() { { key, value }, { "name", name } };

    private static string? NameOf(YamlNode entry) =>
        entry is YamlMappingNode mapping && mapping.Children.TryGetValue("name", out var name) ? (name as YamlScalarNode)?.Value : null;

    private YamlSequenceNode Section(string name)
    {
        if (root.Children.TryGetValue(name, out var node) && node is YamlSequenceNode section)
        {
            return section;
        }

        section = new YamlSequenceNode();
        root.Children[name] = section;
        return section;
    }
}
