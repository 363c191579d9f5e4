using System.Net;
using System.Text.Json.Nodes;
using Flotilla.Docker;

namespace Flotilla.Engine.Networks;

/// <summary>A network of this machine. One file each.</summary>
internal sealed record NetworkRecord
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    /// <summary><c>bridge</c>, <c>host</c> or <c>null</c>.</summary>
    public required string Driver { get; init; }

    public DateTime Created { get; init; }

    /// <summary>Empty: it has no addresses of its own.</summary>
    public string Subnet { get; init; } = "";

    public string Gateway { get; init; } = "";

    /// <summary>The part of the subnet that containers are given addresses of; empty: all of it.</summary>
    public string AddressRange { get; init; } = "";

    /// <summary>Addresses that are somebody else's.</summary>
    public IReadOnlyList<string> Reserved { get; init; } = [];

    /// <summary>The link on the machine.</summary>
    public string Bridge { get; init; } = "";

    /// <summary>Nothing comes in or goes out.</summary>
    public bool IsInternal { get; init; }

    public bool IsAttachable { get; init; }

    public JsonObject Options { get; init; } = [];

    public JsonObject Labels { get; init; } = [];

    public bool IsBuiltIn => BuiltInNetworks.IdOf(Name) == Id;

    public bool IsBridge => Driver == "bridge";

    /// <summary>Containers find each other by name in all networks but the one that everybody is in unasked.</summary>
    public bool HasNames => IsBridge && !IsBuiltIn;

    public IPNetwork Range => IPNetwork.Parse(Subnet);
}
