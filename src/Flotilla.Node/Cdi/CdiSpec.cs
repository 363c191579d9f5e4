namespace Flotilla.Node.Cdi;

/// <summary>A file of the Container Device Interface: devices of one kind, and what a container needs to use them.</summary>
internal sealed class CdiSpec
{
    public string? CdiVersion { get; set; }

    /// <summary><c>vendor/class</c>: what comes before the = in names of its devices.</summary>
    public string? Kind { get; set; }

    public List<CdiDeviceSpec>? Devices { get; set; }

    /// <summary>For whoever uses any of its devices.</summary>
    public CdiEdits? ContainerEdits { get; set; }
}

internal sealed class CdiDeviceSpec
{
    public string? Name { get; set; }

    public CdiEdits? ContainerEdits { get; set; }
}

internal sealed class CdiEdits
{
    public List<string>? Env { get; set; }

    public List<CdiDeviceNode>? DeviceNodes { get; set; }

    public List<CdiMount>? Mounts { get; set; }

    public List<uint>? AdditionalGids { get; set; }

    public List<object>? Hooks { get; set; }

    public object? IntelRdt { get; set; }

    public List<object>? NetDevices { get; set; }
}

/// <summary>A device, or all in a directory.</summary>
internal sealed class CdiDeviceNode
{
    public string? Path { get; set; }

    /// <summary>null: the same as in the container.</summary>
    public string? HostPath { get; set; }

    public string? Permissions { get; set; }
}

internal sealed class CdiMount
{
    public string? HostPath { get; set; }

    public string? ContainerPath { get; set; }

    public string? Type { get; set; }

    public List<string>? Options { get; set; }
}
