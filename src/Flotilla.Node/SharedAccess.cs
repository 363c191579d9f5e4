using Flotilla.Client;

namespace Flotilla.Node;

/// <summary>The cluster as those parts of a node see it that work with more than the node's own objects.</summary>
public sealed record SharedAccess(IObjectClient Client, InformerSet Informers);
