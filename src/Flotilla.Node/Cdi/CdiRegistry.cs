using k8s;

namespace Flotilla.Node.Cdi;

/// <summary>
/// The devices that files of this node describe. They are read when a device is asked for, as drivers write them moments
/// before. A later directory comes before an earlier one.
/// </summary>
internal sealed class CdiRegistry(IReadOnlyList<string> directories)
{
    private static readonly string[] Extensions = [".json", ".yaml"];

    /// <param name="names">Like <c>vendor/class=device</c>.</param>
    /// <returns>What is to be done for each of them, and once for each file.</returns>
    /// <exception cref="CdiException">One of them is not described, or by two files alike.</exception>
    public IReadOnlyList<CdiEdits> Find(IReadOnlyCollection<string> names)
    {
        var (specs, edits, missing) = (Specs(), new List<CdiEdits>(), new List<string>());
        var used = new HashSet<CdiSpec>();
        foreach (var name in names.Distinct(StringComparer.Ordinal))
        {
            if (Find(specs, name) is not { } found)
            {
                missing.Add(name);
                continue;
            }
            if (used.Add(found.Spec) && found.Spec.ContainerEdits is { } common)
            {
                edits.Add(common);
            }
            if (found.Device.ContainerEdits is { } own)
            {
                edits.Add(own);
            }
        }
        return missing.Count == 0 ? edits : throw new CdiException($"unresolvable CDI devices {string.Join(", ", missing)}");
    }

    private static (CdiSpec Spec, CdiDeviceSpec Device)? Find(IEnumerable<IReadOnlyList<CdiSpec>> byDirectory, string name)
    {
        foreach (var specs in byDirectory)
        {
            var found = specs.SelectMany(spec => (spec.Devices ?? []).Where(device => $"{spec.Kind}={device.Name}" == name).Select(device => (spec, device))).ToList();
            if (found.Count > 0)
            {
                return found.Count == 1 ? found[0] : throw new CdiException($"conflicting device \"{name}\": {found.Count} specs of the same directory have it");
            }
        }
        return null;
    }

    private List<IReadOnlyList<CdiSpec>> Specs() =>
        [.. directories.Reverse().Where(Directory.Exists).Select(directory => (IReadOnlyList<CdiSpec>)
            [.. Directory.EnumerateFiles(directory).Where(file => Extensions.Contains(Path.GetExtension(file), StringComparer.Ordinal)).Order(StringComparer.Ordinal).Select(Read).OfType<CdiSpec>()])];

    // A file that is broken, or gone in the meantime, describes nothing: whoever needs it is told that his device is unknown.
    private static CdiSpec? Read(string file)
    {
        try
        {
            return KubernetesYaml.Deserialize<CdiSpec>(File.ReadAllText(file));
        }
        catch (Exception broken) when (broken is IOException or UnauthorizedAccessException or YamlDotNet.Core.YamlException)
        {
            return null;
        }
    }
}

/// <summary>Why a container cannot have a device.</summary>
internal sealed class CdiException(string message) : Exception(message);
