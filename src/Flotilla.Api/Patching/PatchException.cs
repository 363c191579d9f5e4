namespace Flotilla.Api.Patching;

/// <summary>A patch that cannot be read (400) or cannot be carried out on this object (422).</summary>
public sealed class PatchException(string message, bool unprocessable = false) : Exception(message)
{
    public bool Unprocessable { get; } = unprocessable;
}
