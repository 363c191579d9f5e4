namespace Flotilla.Node.DynamicResources;

/// <summary>Why devices of a claim cannot be made ready or put away now, in words for the pod's event.</summary>
internal sealed class DynamicResourceException(string message, Exception? inner = null) : Exception(message, inner);
