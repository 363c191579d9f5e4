using Flotilla.Storage;

namespace Flotilla.Server.Objects;

/// <summary>Who asks. The system itself is <see cref="System"/>, which may do everything.</summary>
public sealed record RequestUser(string Name, IReadOnlyList<string> Groups, string? Uid = null, IReadOnlyDictionary<string, IReadOnlyList<string>>? Extra = null)
{
    public const string Masters = "system:masters";
    public const string Authenticated = "system:authenticated";
    public const string Unauthenticated = "system:unauthenticated";

    public static readonly RequestUser System = new("system:apiserver", [Masters, Authenticated]);

    public static readonly RequestUser Anonymous = new("system:anonymous", [Unauthenticated]);

    /// <summary>A part of the control plane in this process, by the name its program has elsewhere.</summary>
    public static RequestUser Component(string program) => program switch
    {
        "kube-controller-manager" or "kube-scheduler" => new($"system:{program}", [Masters, Authenticated]),
        _ => System,
    };

    public bool IsMaster => Groups.Contains(Masters);
}

/// <summary>What a write may say about itself.</summary>
public sealed record WriteOptions(string Manager, bool DryRun = false, RequestUser? User = null, RequestNotes? Notes = null, Fence? Fence = null);
