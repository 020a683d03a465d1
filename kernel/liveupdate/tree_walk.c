// SPDX-License-Identifier: GPL-2.0-only
/*
 * All inodes and names of a tmpfs.
 *
 * The dentries of a tmpfs are its directories: each name has one that stays in
 * memory.  The caller has frozen the file system, so that no name comes or
 * goes.  What comes and goes even then are dentries of names that somebody has
 * looked up in vain; the walk passes over those.
 *
 * The array of nodes is the queue of the walk, so parents come first and the
 * depth of the tree costs no stack.  Only an inode with several names needs to
 * be searched for, in an XArray by its address.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "tree.h"

#define FIRST_ROOM	64

/* Where a walk is: the names of a directory become entries of @tree. */
struct walk {
	struct lu_tree *tree;
	struct xarray linked;
	bool strict;
};

/* Make room for @more entries of @size bytes behind @used ones. */
static void *grow(void *array, u32 *room, u32 used, u32 more, size_t size)
{
	u64 want = max3((u64)used + more, (u64)*room * 2, (u64)FIRST_ROOM);

	if ((u64)used + more <= *room)
		return array;
	if (want > U32_MAX)
		return NULL;
	array = kvrealloc(array, want * size,
			  GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (array)
		*room = want;
	return array;
}

static int add_node(struct lu_tree *tree, struct dentry *dentry)
{
	struct lu_node *node;

	node = grow(tree->node, &tree->node_room, tree->nodes, 1,
		    sizeof(*node));
	if (!node)
		return -ENOMEM;
	tree->node = node;
	node += tree->nodes++;
	memset(node, 0, sizeof(*node));
	node->inode = d_inode(dentry);
	node->dentry = dentry;
	ihold(node->inode);
	return 0;
}

/* The node of a name: that of an earlier name, or a new one. */
static int find_node(struct walk *walk, struct dentry *dentry, u32 *node)
{
	struct inode *inode = d_inode(dentry);
	unsigned long key = (unsigned long)inode;
	void *seen;
	int ret;

	*node = walk->tree->nodes;
	if (!S_ISDIR(inode->i_mode) && inode->i_nlink > 1) {
		seen = xa_load(&walk->linked, key);
		if (seen) {
			*node = xa_to_value(seen);
			return 0;
		}
		ret = xa_err(xa_store(&walk->linked, key, xa_mk_value(*node),
				      GFP_KERNEL_ACCOUNT));
		if (ret)
			return ret;
	}
	return add_node(walk->tree, dentry);
}

static u32 count_names(struct dentry *dir)
{
	struct dentry *child;
	u32 names = 0;

	spin_lock(&dir->d_lock);
	child = d_first_child(dir);
	hlist_for_each_entry_from(child, d_sib)
		names += simple_positive(child);
	spin_unlock(&dir->d_lock);
	return names;
}

/* readdir(3) goes through the list forwards, @name[] is filled backwards. */
static void list_names(struct dentry *dir, struct lu_name *name, u32 names)
{
	struct dentry *child;

	spin_lock(&dir->d_lock);
	child = d_first_child(dir);
	hlist_for_each_entry_from(child, d_sib) {
		if (names && simple_positive(child))
			name[--names].dentry = child;
	}
	spin_unlock(&dir->d_lock);
	WARN_ON_ONCE(names);
}

static bool can_cross(const struct inode *inode)
{
	return S_ISREG(inode->i_mode) || S_ISDIR(inode->i_mode) ||
	       S_ISLNK(inode->i_mode) || S_ISFIFO(inode->i_mode) ||
	       IS_WHITEOUT(inode);
}

static int leave_out(struct walk *walk, struct dentry *dentry)
{
	dev_t dev = dentry->d_sb->s_dev;

	if (walk->strict) {
		pr_warn("tmpfs %u:%u: %pd4 is a device node or a socket\n",
			MAJOR(dev), MINOR(dev), dentry);
		return -EOPNOTSUPP;
	}
	if (!walk->tree->left_out++)
		pr_warn("tmpfs %u:%u: %pd4 is a device node or a socket and is left out\n",
			MAJOR(dev), MINOR(dev), dentry);
	return 0;
}

static int add_name(struct walk *walk, u32 parent, struct dentry *dentry)
{
	struct lu_tree *tree = walk->tree;
	struct lu_name *name = &tree->name[tree->names];
	int ret;

	if (!can_cross(d_inode(dentry)))
		return leave_out(walk, dentry);
	ret = find_node(walk, dentry, &name->node);
	if (ret)
		return ret;
	name->dentry = dentry;
	name->parent = parent;
	tree->names++;
	return 0;
}

static int walk_directory(struct walk *walk, u32 parent)
{
	struct lu_tree *tree = walk->tree;
	struct dentry *dir = tree->node[parent].dentry;
	u32 i, first = tree->names, nr = count_names(dir);
	struct lu_name *name;
	int ret = 0;

	if (!nr)
		return 0;
	name = grow(tree->name, &tree->name_room, first, nr, sizeof(*name));
	if (!name)
		return -ENOMEM;
	tree->name = name;
	list_names(dir, name + first, nr);
	for (i = 0; i < nr && !ret; i++)
		ret = add_name(walk, parent, name[first + i].dentry);
	return ret;
}

static int walk_all(struct walk *walk)
{
	struct lu_tree *tree = walk->tree;
	int ret = 0;
	u32 i;

	for (i = 0; i < tree->nodes && !ret; i++) {
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
		if (S_ISDIR(tree->node[i].inode->i_mode))
			ret = walk_directory(walk, i);
	}
	return ret;
}

/**
 * lu_tree_walk - list the inodes and the names of a tmpfs
 * @tree: is filled in; for lu_tree_free(), whatever is returned
 * @sb: the tmpfs, frozen; dentries in @tree are valid until it thaws
 * @strict: whether what cannot be preserved is an error or is left out
 *
 * Return: 0, -ENOMEM, -EINTR after a fatal signal, or -EOPNOTSUPP and a log
 * line for a device node or a socket.
 */
int lu_tree_walk(struct lu_tree *tree, struct super_block *sb, bool strict)
{
	struct walk walk = { .tree = tree, .strict = strict };
	int ret;

	memset(tree, 0, sizeof(*tree));
	xa_init(&walk.linked);
	ret = add_node(tree, sb->s_root) ?: walk_all(&walk);
	xa_destroy(&walk.linked);
	if (tree->left_out > 1)
		pr_warn("tmpfs %u:%u: %u more are left out\n", MAJOR(sb->s_dev),
			MINOR(sb->s_dev), tree->left_out - 1);
	return ret;
}

/**
 * lu_tree_free - forget what lu_tree_walk() has found
 * @tree: the tree; nothing of it is preserved
 */
void lu_tree_free(struct lu_tree *tree)
{
	u32 i;

	for (i = 0; i < tree->nodes; i++)
		iput(tree->node[i].inode);
	kvfree(tree->node);
	kvfree(tree->name);
	memset(tree, 0, sizeof(*tree));
}
