namespace Flotilla.Server.OpenApi;

/// <summary>What <c>kubectl explain</c> tells about the fields that every object has.</summary>
internal static class IdentityDescriptions
{
    public const string ApiVersion = "APIVersion defines the group and version that the object is written in.";
    public const string Kind = "Kind names the type of the object in CamelCase. It never changes.";
    public const string Metadata = "Standard object's metadata.";

    public static readonly IReadOnlyDictionary<string, string> ObjectMeta = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["annotations"] = "Annotations are free text under a key, for tools to keep what they need; nothing selects by them.",
        ["creationTimestamp"] = "CreationTimestamp is a timestamp of the moment at which the server made the object. Read-only.",
        ["deletionGracePeriodSeconds"] = "Seconds that the object is given to end in order. Read-only; set with deletionTimestamp.",
        ["deletionTimestamp"] = "DeletionTimestamp is the moment after which the object may be gone: its deletion is under way. Read-only.",
        ["finalizers"] = "Finalizers must all be removed, each by whoever put it there, before a deleted object goes.",
        ["generateName"] = "GenerateName is what a name chosen by the server begins with, where no name is given.",
        ["generation"] = "Generation counts the changes of the desired state. Read-only.",
        ["labels"] = "Labels are keys and values that objects are grouped and selected by.",
        ["managedFields"] = "ManagedFields tells which writer owns which fields. The server keeps it.",
        ["name"] = "Name is unique among the objects of its kind and namespace. It never changes.",
        ["namespace"] = "Namespace is the space within which the name is unique. It never changes.",
        ["ownerReferences"] = "OwnerReferences names the objects this one belongs to; it is deleted once all of them are gone.",
        ["resourceVersion"] = "ResourceVersion tells one state of the object from another. It may be compared for equality only.",
        ["selfLink"] = "SelfLink is no longer filled in.",
        ["uid"] = "UID tells the object from all others, also from later ones of the same name. Read-only.",
    };
}
